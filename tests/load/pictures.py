"""Pictures that cost next to nothing to make, no two alike: the machine is for those who are measured."""

import threading
from collections.abc import Iterator

import numpy as np

from madseg.gateway.canonical import png
from madseg.simulation.stream import wild_scene

SCENES = 64


class Pictures:
    """Generated scenes, each time shifted, turned over and in another light. Thread-safe."""

    def __init__(self, seed: int) -> None:
        self._scenes = [wild_scene(seed, index).image for index in range(SCENES)]
        self._rng, self._lock, self._made = np.random.default_rng(seed), threading.Lock(), 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """The bytes of a PNG."""
        with self._lock:
            number = self._made
            self._made += 1
            down, right = self._rng.integers(0, 64, 2)
            light = self._rng.uniform(0.7, 1.0)
        picture = np.roll(self._scenes[number % SCENES], (down, right), axis=(0, 1))
        picture = (picture * light).astype(np.uint8)[:, :: 1 - 2 * (number // SCENES % 2)]
        picture[0, :8] = np.frombuffer(number.to_bytes(24, "little"), np.uint8).reshape(8, 3)
        return png(np.ascontiguousarray(picture))
