"""The pictures of a finding: photograph, both label maps, and where they differ."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from madseg.cli.report.data import Finding
from madseg.core.label_map import decode
from madseg.core.taxonomy import VOID
from madseg.report import panels
from madseg.report.panels import Panel

DIFFERENCE = (255, 45, 120)
"""The colour of pixels on which two maps disagree: in no photograph and far from VOC's dark colours."""


def photo(finding: Finding, side: int) -> Panel | None:
    """The photograph, at most `side` pixels long."""
    return panels.photo(finding.picture, f"Photograph {finding.image_id}", side)


def difference(finding: Finding, side: int) -> Panel | None:
    """The photograph in dim grey, with the pixels on which the two maps disagree in `DIFFERENCE`."""
    if finding.target_map is None or finding.competitor_map is None:
        return None
    first, second = decode(finding.target_map).dense(), decode(finding.competitor_map).dense()
    if first.shape != second.shape:
        return None
    known = (first != VOID) & (second != VOID)
    differs = (first != second) & known
    share = differs.sum() / max(1, known.sum())
    mask = Image.fromarray(differs)
    mask.thumbnail((side, side), Image.Resampling.NEAREST)
    grey = _dimmed(finding, mask.size)
    grey[np.asarray(mask)] = DIFFERENCE
    return panels.webp(Image.fromarray(grey), f"The two maps differ on {share:.0%} of the pixels, shown in pink")


def _dimmed(finding: Finding, size: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 3) uint8: a faint grey photograph, or plain grey where there is none."""
    if finding.picture is None:
        return np.full((size[1], size[0], 3), 225, np.uint8)
    with Image.open(BytesIO(finding.picture)) as opened:
        grey = np.asarray(opened.convert("L").resize(size), np.float32)
    return np.repeat((120 + grey * 0.5).astype(np.uint8)[..., None], 3, axis=2)
