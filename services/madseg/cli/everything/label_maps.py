"""Label maps as files: PNGs that any tool reads, or the wire form, which is smaller and what the services send."""

from collections.abc import Callable
from dataclasses import dataclass

from madseg.core.label_map import decode
from madseg.core.taxonomy import VOID, Taxonomy
from madseg.exchange.pictures import paletted_png


@dataclass(frozen=True)
class Drawing:
    """How label maps are written: the ending of their files, and what their wire form becomes."""

    ending: str
    drawn: Callable[[bytes], bytes]


def drawing(form: str, taxonomy: Taxonomy) -> Drawing:
    """The wire form for "runs", else paletted PNGs in the colours of the taxonomy; a pixel's value is its label."""
    if form == "runs":
        return Drawing(".runs", bytes)
    colours = {label: item.colour for label, item in enumerate(taxonomy.classes)}
    palette = bytes(part for label in range(VOID + 1) for part in colours.get(label, (255, 255, 255)))
    return Drawing(".png", lambda wire: paletted_png(decode(wire).dense(), palette))
