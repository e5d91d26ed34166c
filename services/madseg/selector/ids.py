"""The images that a call names."""

from collections.abc import Sequence

from madseg.core.errors import InvalidInput
from madseg.core.messages import checked_image_id

MOST = 1000
"""Image ids per call."""


def checked_ids(image_ids: Sequence[str], least: int = 0) -> list[str]:
    """The ids themselves.

    Raises:
        InvalidInput: more than 1000 or fewer than `least`, or one that is no id.
    """
    if not least <= len(image_ids) <= MOST:
        raise InvalidInput(f"one call takes {least}..{MOST} image ids, got {len(image_ids)}", field="image_ids")
    return [checked_image_id(image_id) for image_id in image_ids]
