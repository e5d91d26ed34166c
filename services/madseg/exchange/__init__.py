"""Masks in the formats of other tools: read and written one at a time, without loss, with a stated policy.

Nothing here asks a service: `madseg labels` carries masks between these formats and the labelling service.
"""

from madseg.core.errors import InvalidInput
from madseg.exchange.cityscapes import Cityscapes
from madseg.exchange.coco import Coco
from madseg.exchange.coco_panoptic import CocoPanoptic
from madseg.exchange.cvat_mask import CvatMask
from madseg.exchange.cvat_xml import CvatXml
from madseg.exchange.label_studio import LabelStudio
from madseg.exchange.labelbox import Labelbox
from madseg.exchange.masks import Format, Gaps, NamedMask, Overlaps, Policy, Refused, Unknown, Writer
from madseg.exchange.npy import Npy
from madseg.exchange.voc import Voc

__all__ = [
    "FORMATS",
    "Format",
    "Gaps",
    "NamedMask",
    "Overlaps",
    "Policy",
    "Refused",
    "Unknown",
    "Writer",
    "format_named",
]

_ALL: tuple[Format, ...] = (
    Voc(),
    Npy(),
    CocoPanoptic(),
    Coco(),
    CvatMask(),
    CvatXml(),
    LabelStudio(),
    Labelbox(),
    Cityscapes(),
)

FORMATS = {item.name: item for item in _ALL}
"""Every format by what commands call it."""


def format_named(name: str) -> Format:
    """The format of a name.

    Raises:
        InvalidInput: there is none; the message lists those there are.
    """
    if name not in FORMATS:
        raise InvalidInput(f"format must be one of {', '.join(FORMATS)}, got {name!r}", field="format")
    return FORMATS[name]
