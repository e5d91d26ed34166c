"""What the selector shows of a batch that is committed: images that are new, and places taken in rankings."""

from collections.abc import Sequence

from madseg.core.ranking import RankingKey
from madseg.observing.metrics import LEADERS_ENTERED, RANKED_IMAGES
from madseg.observing.tracing import is_recording, noted

Entered = tuple[RankingKey, bytes, float]
"""A ranking, the image that took a place among its leaders, and its discrepancy."""


def ranked(images: int, entered: Sequence[Entered]) -> None:
    """Counts `images` that were seen for the first time and the places taken, and notes these in the images' traces."""
    RANKED_IMAGES.inc(images)
    LEADERS_ENTERED.inc(len(entered))
    if is_recording():
        for key, image, discrepancy in entered:
            noted(image.hex(), "ranked", _place(key, discrepancy))


def _place(key: RankingKey, discrepancy: float) -> dict[str, str | int | float]:
    return {
        "madseg.target": str(key.target),
        "madseg.competitor": str(key.competitor),
        "madseg.defender": key.defender.value,
        "madseg.class": key.label,
        "madseg.discrepancy": discrepancy,
    }
