"""Label Studio's run lengths of a brush: the bit format of @thi.ng/rle-pack over the words R, G, B, A of each pixel.

32 bits: words in all; 5 bits: bits of a word - 1; four times 4 bits: bits of a length - 1. Then, until all words are
there: 1 bit, whether one word repeats; 2 bits, which of the four lengths; a length - 1; and the word, or all words.
The mask is in alpha.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidLabelMap

_CHANNELS, _ALPHA, _OPAQUE = 4, 3, 128
_WORD, _SIZES = 8, (3, 4, 8, 16)
_HEAD = 32 + 5 + 4 * 4


def unpacked(rle: Sequence[int], pixels: int) -> NDArray[np.bool_]:
    """The flat mask of a brush, true where it is at least half opaque. Costs 12 bytes a pixel and a step a run.

    Raises:
        InvalidLabelMap: the bytes are no brush of so many pixels.
    """
    try:
        octets = np.frombuffer(bytes(rle), np.uint8)
    except (TypeError, ValueError) as error:
        raise InvalidLabelMap("a brush's rle must be a list of numbers in 0..255: export it again") from error
    bits = (np.unpackbits(octets) + ord("0")).tobytes()
    if len(bits) < _HEAD:
        raise InvalidLabelMap(f"a brush's rle of {len(octets)} bytes is cut off: export it again")
    if int(bits[:32], 2) != _CHANNELS * pixels:
        raise InvalidLabelMap(f"a brush's rle has {int(bits[:32], 2)} words, not 4 for each of {pixels} pixels")
    words = _words(bits, _CHANNELS * pixels)
    return words.reshape(pixels, _CHANNELS)[:, _ALPHA] >= _OPAQUE


def packed(flat: NDArray[np.bool_]) -> list[int]:
    """The brush of a flat mask: all four words of a pixel are 255 or 0."""
    parts = [f"{_CHANNELS * len(flat):032b}{_WORD - 1:05b}", *(f"{size - 1:04b}" for size in _SIZES)]
    edges = np.flatnonzero(np.diff(flat.view(np.int8))) + 1
    bounds = [0, *edges.tolist(), len(flat)]
    for start, end in pairwise(bounds):
        word = "1" * _WORD if flat[start] else "0" * _WORD
        parts += _repeated(_CHANNELS * (end - start), word)
    text = "".join(parts)
    text += "0" * (-len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8, "big"))


def _repeated(length: int, word: str) -> list[str]:
    parts = []
    while length:
        index = next((i for i, size in enumerate(_SIZES) if length <= 1 << size), len(_SIZES) - 1)
        piece = min(length, 1 << _SIZES[index])
        parts.append(f"1{index:02b}{piece - 1:0{_SIZES[index]}b}{word}")
        length -= piece
    return parts


def _words(bits: bytes, total: int) -> NDArray[np.uint8]:
    width = int(bits[32:37], 2) + 1
    if width != _WORD:
        raise InvalidLabelMap(f"a brush's rle has words of {width} bits, not {_WORD}: export it again")
    sizes = [int(bits[37 + 4 * i : 41 + 4 * i], 2) + 1 for i in range(4)]
    words, filled, at = np.empty(total, np.uint8), 0, _HEAD
    try:
        while filled < total:
            size = sizes[int(bits[at + 1 : at + 3], 2)]
            length = int(bits[at + 3 : at + 3 + size], 2) + 1
            used = _WORD * (1 if bits[at] == ord("1") else length)
            start = at + 3 + size
            at = start + used
            if at > len(bits) or filled + length > total:
                raise InvalidLabelMap("a brush's rle is cut off, or has more words than it says: export it again")
            # A repeated word is spread over the stretch.
            words[filled : filled + length] = np.packbits(np.frombuffer(bits[start:at], np.uint8) - ord("0"))
            filled += length
    except (ValueError, IndexError) as error:
        raise InvalidLabelMap("a brush's rle is cut off: export it again") from error
    return words
