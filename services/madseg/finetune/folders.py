"""S0 and T0 as they lie in a folder: `pictures/` and `masks/`, PNGs of class numbers as PASCAL VOC has them, 255 void.

A picture and its mask have one name. Both are brought to the canonical grid as pictures are that come in: the largest
centred crop of its shape, then bilinear for the picture and the nearest label for the mask.
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from madseg.core.errors import InvalidInput
from madseg.core.label_map import LabelMap, from_dense
from madseg.core.masks import to_canonical
from madseg.core.preprocess import Size, centre_crop, image_id
from madseg.core.taxonomy import VOID
from madseg.exchange.pictures import numbers, png

PICTURES, MASKS = "pictures", "masks"


@dataclass(frozen=True)
class Pair:
    """A picture, (H, W, 3) uint8 RGB, and its mask, on the canonical grid. The id is that of the picture's file."""

    image_id: str
    picture: NDArray[np.uint8]
    mask: LabelMap


def pairs(folder: str, what: str, grid: Size, classes: int) -> Iterator[Pair]:
    """The pictures of a folder with their masks, by name; the same bytes come once.

    Raises:
        InvalidInput: no such folder, a picture without a mask or the other way round, one that can't be read, a mask
            of another size, or a label that isn't below `classes` nor void. The message names the file.
    """
    pictures, masks = (_files(Path(folder) / name, what) for name in (PICTURES, MASKS))
    alone = sorted(pictures.keys() ^ masks.keys())
    if alone:
        lacks = MASKS if alone[0] in pictures else PICTURES
        raise InvalidInput(f"{what}: {folder}/{lacks} lacks {alone[0]!r} and {len(alone) - 1} more", field=what)
    seen: set[str] = set()
    for name in sorted(pictures):
        try:
            found = _pair(pictures[name].read_bytes(), masks[name].read_bytes(), grid, classes)
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise InvalidInput(f"{what}: {name!r} of {folder} can't be taken: {error}", field=what) from error
        if found.image_id not in seen:
            seen.add(found.image_id)
            yield found


def selects(image: str) -> bool:
    """Whether an image of T0 is in the half that chooses, t0-select. It goes by the id, which is a hash."""
    return int(image[-1], 16) % 2 == 0


def _files(folder: Path, what: str) -> dict[str, Path]:
    try:
        return {path.stem: path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")}
    except OSError as error:
        raise InvalidInput(f"{what}: {folder} can't be read: {error.strerror}", field=what) from error


def _pair(picture: bytes, mask: bytes, grid: Size, classes: int) -> Pair:
    with Image.open(io.BytesIO(picture)) as opened:
        whole = ImageOps.exif_transpose(opened).convert("RGB")
    size = Size(whole.height, whole.width)
    labels = np.asarray(numbers(png(mask)))
    if labels.shape != (size.height, size.width):
        raise InvalidInput(f"the mask is {labels.shape[0]}x{labels.shape[1]}, the picture {size}")
    foreign = np.setdiff1d(labels, [*range(classes), VOID])
    if foreign.size:
        raise InvalidInput(f"the mask has the label {foreign[0]}, there are {classes} classes and {VOID} for void")
    crop = centre_crop(size, grid)
    box = (crop.left, crop.top, crop.left + crop.width, crop.top + crop.height)
    scaled = whole.resize((grid.width, grid.height), Image.Resampling.BILINEAR, box=box)
    identity = image_id(hashlib.sha256(picture).digest())
    return Pair(identity, np.asarray(scaled), to_canonical(from_dense(labels.astype(np.uint8)), crop, grid))
