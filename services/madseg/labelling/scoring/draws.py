"""Chance that can be had again: draws that are hashes of the campaign's seed and of what is drawn for.

An order per rater must not cost a look at every image per call, so it is arithmetic that databases do alike: images
stand at positions shuffled by a hash, and a rater goes through them by `(factor * position + shift) mod PRIME`, with
factor and shift from a hash of the seed and the rater's name.
"""

import hashlib
from collections.abc import Iterable

PRIME = (1 << 31) - 1
"""Above every position; products with positions stay within 64 bits."""


def number(seed: int, *parts: str) -> int:
    """64 bits from the seed and some texts."""
    text = "\0".join((str(seed), *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def chance(seed: int, *parts: str) -> float:
    """A number in [0, 1) from the seed and some texts."""
    return number(seed, *parts) / 2.0**64


def shuffled(images: Iterable[str], seed: int) -> list[str]:
    """The images in the order of their positions; equal hashes by image id."""
    return sorted(images, key=lambda image: (number(seed, "position", image), image))


def way(seed: int, rater: str) -> tuple[int, int]:
    """Factor (1..PRIME-1) and shift (0..PRIME-1) of a rater's order."""
    return 1 + number(seed, "factor", rater) % (PRIME - 1), number(seed, "shift", rater) % PRIME
