"""Small pictures that networks are checked on where the caller brings none.

`draw.py` beside them made them: skies, meadows, things with shading and texture. Nobody's photographs, so nobody's
licence. They are there to run pixels of every brightness, hue and frequency through a network, not to be recognised.
"""

from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
from PIL import Image

NAMES = ("meadow.png", "harbour.png", "room.png", "street.png")


def load_probe_images(grid: tuple[int, int]) -> tuple[npt.NDArray[np.uint8], ...]:
    """The shipped pictures on the canonical grid: each (H,W,3) uint8 RGB."""
    return tuple(_load(name, grid) for name in NAMES)


@cache
def _load(name: str, grid: tuple[int, int]) -> npt.NDArray[np.uint8]:
    with files(__package__).joinpath(name).open("rb") as file, Image.open(file) as picture:
        resized = picture.convert("RGB").resize((grid[1], grid[0]), Image.Resampling.BILINEAR)
    pixels = np.asarray(resized)
    pixels.setflags(write=False)
    return pixels
