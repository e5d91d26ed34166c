"""Chance that depends on words alone, so that a person does the same with an image in any order and process."""

import hashlib
import math

import numpy as np


def chance(seed: int, *words: object) -> np.random.Generator:
    """A generator of its own for each seed and words."""
    text = "\x1f".join(map(str, (seed, *words)))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))


def spell_ms(rng: np.random.Generator, mean_seconds: float) -> int:
    """Milliseconds that something takes: log-normal with this mean, half as long up to twice as long as a rule."""
    spread = 0.4
    return max(1, round(1000 * mean_seconds * math.exp(rng.normal(-(spread**2) / 2, spread))))
