"""`python -m madseg.simulation.sheet OUT.jpg`: a contact sheet of the world, a row per mode, image beside truth."""

import sys

import numpy as np
from PIL import Image

from madseg.simulation.modes import RENDER
from madseg.simulation.paint import Labels
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import WORLD, World, render

GAP = 4
"""Pixels of white between the pairs."""


def sheet(seed: int, columns: int = 3, world: World = WORLD) -> Labels:
    """(height, width, 3) uint8: `columns` pairs of image and coloured truth for each mode, training domain first."""
    colours = np.frombuffer(TAXONOMY.palette(), np.uint8).reshape(256, 3)
    rows = []
    for mode in RENDER:
        cells = []
        for index in range(columns):
            scene = render(seed, index, mode, world)
            cells += [scene.image, colours[scene.truth], np.full((len(scene.image), GAP, 3), 255, np.uint8)]
        row = np.concatenate(cells[:-1], 1)
        rows += [row, np.full((GAP, row.shape[1], 3), 255, np.uint8)]
    return np.concatenate(rows[:-1], 0)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python -m madseg.simulation.sheet OUT.jpg")
    Image.fromarray(sheet(seed=5)).save(sys.argv[1], quality=88)


if __name__ == "__main__":
    main()
