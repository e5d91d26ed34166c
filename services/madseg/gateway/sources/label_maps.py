"""Label maps that were predicted elsewhere, in folders of PNG or `.npy` files: one folder a model version.

Files of several versions, and the photographs, belong together by their path below their folder without its ending.
A map is either on the canonical grid or of its photograph's size; then the same crop and the nearest label bring it
to the grid. Labels are the pixel values: indices of a paletted or grey PNG, integers of an (H, W) array; −1 is void.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from madseg.core.errors import InvalidInput, InvalidLabelMap
from madseg.core.label_map import encode, from_dense
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size, centre_crop, image_id
from madseg.core.taxonomy import VOID, Taxonomy
from madseg.exchange.npy import array
from madseg.gateway.canonical import on_grid
from madseg.gateway.decode import LIMITS, Limits, decode, loaded
from madseg.gateway.sources.folder import files, shown_path
from madseg.gateway.upload import ImportedMaps, Refused

ENDINGS = (".png", ".npy")
"""Files of other kinds in a model's folder are left out."""


def label_maps(
    models: Mapping[VersionRef, Path],
    grid: Size,
    taxonomy: Taxonomy,
    *,
    photographs: Path | None = None,
    source: str = "import",
    limits: Limits = LIMITS,
) -> Iterator[ImportedMaps | Refused]:
    """For every image, the maps of those versions that have one; what is missing or wrong is a refusal of its own.

    With `photographs` an image has its photograph's id, and maps without photograph are refused; without, the id is
    made from the name, so that maps of one name belong together over several calls.

    Raises:
        NotFound: a folder can't be read.
    """
    folders = {ref: _Folder(root, ENDINGS) for ref, root in models.items()}
    pictures = _Folder(photographs, ()) if photographs else None
    for place in [*folders.values(), *([pictures] if pictures else [])]:
        yield from place.refused
    reading = _Reading(grid, taxonomy, limits)
    for stem in sorted(set().union(*folders.values())):
        yield from _image(stem, folders, pictures, reading, source)


def name_id(name: str) -> str:
    """The id of an image without picture, from its name."""
    return image_id(hashlib.sha256(b"madseg imported\0" + name.encode()).digest())


class _Folder(dict[str, list[Path]]):
    """Files of a folder by stem."""

    def __init__(self, root: Path, endings: tuple[str, ...]) -> None:
        super().__init__()
        self.root = root
        self.refused: list[Refused] = []
        for found in files(root):
            if isinstance(found, Refused):
                self.refused.append(found)
            elif not endings or found.suffix.lower() in endings:
                stem = shown_path(found.relative_to(root).with_suffix(""))
                self.setdefault(stem, []).append(found)

    def one(self, stem: str) -> Path:
        """Raises InvalidInput where there is no file or several."""
        found = self.get(stem, [])
        if len(found) == 1:
            return found[0]
        if not found:
            raise InvalidInput(f"no file for it in {shown_path(self.root)}")
        names = " and ".join(path.name for path in found)
        raise InvalidInput(f"several files for it in {shown_path(self.root)}: {names}; keep one")


def _image(
    stem: str, folders: Mapping[VersionRef, _Folder], pictures: _Folder | None, reading: "_Reading", source: str
) -> Iterator[ImportedMaps | Refused]:
    image, size, photograph = name_id(stem), None, None
    if pictures is not None:
        try:
            path = pictures.one(stem)
            image, size = reading.photograph(path)
        except InvalidInput as error:
            yield Refused(stem, f"its photograph: {error}")
            return
        photograph = os.fspath(path)
    maps = []
    for ref, place in folders.items():
        try:
            maps.append((ref, reading.label_map(place.one(stem), size)))
        except InvalidInput as error:
            yield Refused(stem, f"{ref}: {error}")
    if maps:
        yield ImportedMaps(image, tuple(maps), stem, source, photograph)


class _Reading:
    def __init__(self, grid: Size, taxonomy: Taxonomy, limits: Limits) -> None:
        self._grid, self._taxonomy, self._limits = grid, taxonomy, limits

    def photograph(self, path: Path) -> tuple[str, Size]:
        """Id and size after the EXIF turn; decodes it, since a broken one would be refused later."""
        content = _content(path, self._limits)
        return image_id(hashlib.sha256(content).digest()), decode(content, self._limits).size

    def label_map(self, path: Path, size: Size | None) -> bytes:
        """The wire form of a file's map on the grid."""
        content = _content(path, self._limits)
        values = _npy(content, self._limits) if path.suffix.lower() == ".npy" else _png(content, self._limits)
        pixels = self._labels(values, path.name)
        found = Size(*pixels.shape)
        if found == self._grid:
            return encode(from_dense(pixels))
        if size is not None and found != size:
            raise InvalidLabelMap(f"{path.name} is {found}, its photograph is {size} and the grid is {self._grid}")
        picture = on_grid(Image.fromarray(pixels), centre_crop(found, self._grid), self._grid, Image.Resampling.NEAREST)
        return encode(from_dense(np.asarray(picture)))

    def _labels(self, values: NDArray[np.generic], name: str) -> NDArray[np.uint8]:
        """uint8 labels of integers, -1 made void."""
        wide = values.astype(np.int64)
        wide[wide == -1] = VOID
        outside = np.argwhere((wide != VOID) & ((wide < 0) | (wide >= len(self._taxonomy))))
        if len(outside):
            row, column = outside[0]
            raise InvalidLabelMap(
                f"{name} has label {wide[row, column]} at row {row}, column {column}, outside taxonomy "
                f"{self._taxonomy.name!r}, whose labels are 0..{len(self._taxonomy) - 1} and {VOID} or -1 for void"
            )
        return wide.astype(np.uint8)


def _content(path: Path, limits: Limits) -> bytes:
    try:
        # An array of 8-byte integers is larger than any picture.
        if path.stat().st_size > max(limits.max_bytes, 8 * limits.max_pixels + 4096):
            raise InvalidInput(f"{path.name} is too large for a picture of at most {limits.max_pixels} pixels")
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{shown_path(path)} can't be read: {error.strerror}") from error


def _png(content: bytes, limits: Limits) -> NDArray[np.generic]:
    picture = loaded(content, limits)
    if picture.mode not in {"P", "L", "1", "I;16"}:
        raise InvalidLabelMap(
            f"a picture in {picture.mode} holds colours, not labels: save a paletted or grey PNG of class indices"
        )
    return np.asarray(picture)


def _npy(content: bytes, limits: Limits) -> NDArray[np.generic]:
    def sized(height: int, width: int) -> None:
        if not 0 < height * width <= limits.max_pixels:
            raise InvalidLabelMap(f"an array of {height} x {width}, 1 to {limits.max_pixels} pixels are taken")

    return array(content, sized)
