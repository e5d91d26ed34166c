"""Masks of one class as alternating counts, background first: what COCO and CVAT write, and COCO's text for it.

COCO counts column by column, CVAT row by row; here everything is flat. COCO's compressed text writes each count
as the difference to the one before the last (from the fourth on), 5 bits a character from the lowest up, the sixth
bit says that more follows, and 48 is added to make it printable (maskApi.c, rleToString).
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidLabelMap

_CONTINUED, _SIGN, _FIRST, _BITS = 0x20, 0x10, 48, 5


def counted(flat: NDArray[np.bool_]) -> list[int]:
    """The counts of a flat mask."""
    edges = np.flatnonzero(np.diff(flat.view(np.int8))) + 1
    bounds = np.concatenate([[0], edges, [len(flat)]])
    counts = np.diff(bounds).tolist()
    return [0, *counts] if len(flat) and flat[0] else counts


def uncounted(counts: Iterable[object], pixels: int) -> NDArray[np.bool_]:
    """The flat mask of counts.

    Raises:
        InvalidLabelMap: they are no whole numbers from 0 up, or don't add up to `pixels`.
    """
    lengths = _lengths(counts, pixels)
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)


def compressed(counts: list[int]) -> str:
    """COCO's text of counts."""
    text = []
    for at, count in enumerate(counts):
        value = count - counts[at - 2] if at > 2 else count
        more = True
        while more:
            bits = value & 0x1F
            value >>= _BITS
            more = value != -1 if bits & _SIGN else value != 0
            text.append(chr((bits | (_CONTINUED if more else 0)) + _FIRST))
    return "".join(text)


def uncompressed(text: str) -> list[int]:
    """The counts of COCO's text.

    Raises:
        InvalidLabelMap: it is none.
    """
    counts: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - _FIRST
        if not 0 <= bits < 64 or shift > 60:
            raise InvalidLabelMap(f"compressed counts have {letter!r} where none can be: export them again")
        value |= (bits & 0x1F) << shift
        shift += _BITS
        if bits & _CONTINUED:
            continue
        if bits & _SIGN:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift:
        raise InvalidLabelMap("compressed counts end in the middle of one: export them again")
    return counts


def _lengths(counts: Iterable[object], pixels: int) -> NDArray[np.int64]:
    try:
        found = np.array(list(counts), np.int64) if not isinstance(counts, str) else None
    except (TypeError, ValueError, OverflowError):
        found = None
    if found is None or found.ndim != 1:
        raise InvalidLabelMap("run-length counts must be whole numbers in one list: export them again")
    if (found < 0).any() or (found > pixels).any() or found.sum() != pixels:
        raise InvalidLabelMap(f"run-length counts must be 0 or more and add up to {pixels} pixels, got {found.sum()}")
    return found
