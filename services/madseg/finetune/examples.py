"""Pictures with masks, as a run has them in its folder: what is learned from, and what is measured on.

A run's `examples.jsonl` names them, one a line; pictures are PNG files on the canonical grid, masks label maps in wire
form on the same grid:

    {"image_id": "0f3c...", "set": "s", "picture": "pictures/0f3c....png", "mask": "masks/0f3c....map"}
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from madseg.core.errors import InvalidInput
from madseg.core.label_map import LabelMap, decode
from madseg.core.taxonomy import VOID
from madseg.files import replace_file


class Part(StrEnum):
    """Which set an example belongs to.

    S and S0 are learned from. T0 is split: `t0-select` chooses learning rate, epoch and average, `t0-report` gates the
    release and is reported. Nothing that is measured on may be learned from.
    """

    S = "s"
    S0 = "s0"
    SELECT = "t0-select"
    REPORT = "t0-report"
    TEST = "t"
    RANDOM = "random-lane"


LEARNED = (Part.S, Part.S0)
"""The sets that are learned from."""


@dataclass(frozen=True)
class Example:
    """A picture and its mask, by the paths of their files."""

    image_id: str
    part: Part
    picture: Path
    mask: Path

    def pixels(self, grid: tuple[int, int]) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB.

        Raises:
            InvalidInput: the file can't be read, or isn't on the grid.
        """
        try:
            with Image.open(self.picture) as picture:
                found = np.array(picture.convert("RGB"))
        except (OSError, ValueError) as error:
            raise InvalidInput(f"the picture of image {self.image_id} can't be read: {error}") from error
        if found.shape[:2] != grid:
            raise InvalidInput(f"the picture of image {self.image_id} is {_size(found.shape)}, not {_size(grid)}")
        return found

    def label_map(self, grid: tuple[int, int], classes: int) -> LabelMap:
        """The mask.

        Raises:
            InvalidInput: it can't be read, isn't on the grid, or has a label that the taxonomy hasn't.
        """
        try:
            found = decode(self.mask.read_bytes())
        except (OSError, InvalidInput) as error:
            raise InvalidInput(f"the mask of image {self.image_id} can't be read: {error}") from error
        if (found.height, found.width) != grid:
            raise InvalidInput(
                f"the mask of image {self.image_id} is {found.height} x {found.width}, not {_size(grid)}"
            )
        foreign = [label for label in found.present if label >= classes and label != VOID]
        if foreign:
            raise InvalidInput(f"the mask of image {self.image_id} has the label {foreign[0]} of {classes} classes")
        return found


def read_examples(folder: Path) -> list[Example]:
    """The examples of a run's folder, in the order of their file.

    Raises:
        InvalidInput: the file can't be read or a line of it says something else; the message names the line.
    """
    try:
        lines = (folder / "examples.jsonl").read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"the examples of {folder} can't be read: {error}") from error
    found = []
    for number, line in enumerate(lines, 1):
        try:
            item = json.loads(line)
            paths = [folder / item["picture"], folder / item["mask"]]
            found.append(Example(item["image_id"], Part(item["set"]), *paths))
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput(f"line {number} of the examples of {folder} can't be read: {error}") from error
    return found


def write_examples(folder: Path, examples: Iterable[Example]) -> None:
    """Writes `examples.jsonl`, whole or not at all; the files are in the folder already."""
    lines = [
        json.dumps(
            {
                "image_id": item.image_id,
                "set": item.part.value,
                "picture": str(item.picture.relative_to(folder)),
                "mask": str(item.mask.relative_to(folder)),
            }
        )
        for item in examples
    ]
    replace_file(folder / "examples.jsonl", ("\n".join(lines) + "\n").encode())


def check_sets(examples: Sequence[Example]) -> None:
    """What a run needs before it begins.

    Raises:
        InvalidInput: S is empty, T0 lacks a part, or an image is both learned from and measured on.
    """
    parts = {part: {item.image_id for item in examples if item.part is part} for part in Part}
    if not parts[Part.S]:
        raise InvalidInput("S is empty: there is nothing to learn from", field="examples")
    for part in (Part.SELECT, Part.REPORT):
        if not parts[part]:
            raise InvalidInput(f"{part.value} is empty: a new version could not be judged", field="examples")
    learned = parts[Part.S] | parts[Part.S0]
    for part in Part:
        leaked = sorted(learned & parts[part]) if part not in LEARNED else []
        if leaked:
            raise InvalidInput(
                f"image {leaked[0]} and {len(leaked) - 1} more are in {part.value} and are learned from: a figure on "
                "what was learned says nothing",
                field="examples",
            )
    both = sorted(parts[Part.SELECT] & parts[Part.REPORT])
    if both:
        raise InvalidInput(f"image {both[0]} is in both parts of T0", field="examples")


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} x {shape[1]}"
