"""Which image a mask is of, by its name, and the part of the picture that counts."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from madseg.cli.progress import tracked
from madseg.client import Client, Image, NotFound
from madseg.core.errors import InvalidInput
from madseg.core.label_map import LabelMap, from_dense
from madseg.core.taxonomy import VOID
from madseg.exchange import NamedMask, Refused
from madseg.exchange.names import safe, stem

_CITYSCAPES = "_leftImg8bit"
"""What Cityscapes' photographs end in and their masks don't."""

_ID_DIGITS = 32


@dataclass(frozen=True)
class MaskImages:
    """Finds the image of a mask."""

    find: Callable[[str], Image]

    def placed(
        self, items: Iterable[NamedMask | Refused], refuse: Callable[[Refused], None]
    ) -> Iterator[tuple[str, NamedMask]]:
        """Masks with their images' ids, void outside the crop; those without image or of another size are refused."""
        for item in items:
            if isinstance(item, Refused):
                refuse(item)
                continue
            try:
                image = self.find(item.name)
                yield image.image_id, NamedMask(item.name, _cropped(item.label_map, image))
            except InvalidInput as error:
                refuse(Refused(item.name, str(error)))


def images_by_id(client: Client) -> MaskImages:
    """Masks are named by their images' ids; folders before that don't matter."""

    def find(name: str) -> Image:
        found = PurePosixPath(name).name.lower()
        if len(found) != _ID_DIGITS or not set(found) <= set("0123456789abcdef"):
            raise InvalidInput("its name is no image id of 32 hexadecimal digits: use --by-name")
        return _image(client, found)

    return MaskImages(find)


def images_by_name(client: Client, *, quiet: bool) -> MaskImages:
    """Masks are named as their images, with or without the folders. Asks about each image once."""
    known: dict[str, set[str]] = {}
    for image_id in tracked(client.images(), "images", quiet=quiet):
        name = stem(client.image(image_id).name).removesuffix(_CITYSCAPES)
        for key in {name, PurePosixPath(name).name}:
            known.setdefault(key, set()).add(image_id)

    return MaskImages(lambda name: _image(client, _only(known, name)))


def name_by_image(client: Client, *, by_name: bool) -> Callable[[str], str]:
    """What to call the mask of an image: its id, or its name, which no other image may have."""
    taken: dict[str, str] = {}

    def name(image_id: str) -> str:
        found = safe(stem(client.image(image_id).name))
        if taken.setdefault(found, image_id) != image_id:
            raise InvalidInput(f"image {taken[found]} is named {found!r} too: export by id")
        return found

    return name if by_name else lambda image_id: image_id


def _only(known: Mapping[str, set[str]], name: str) -> str:
    found = known.get(name) or known.get(PurePosixPath(name).name) or set()
    if not found:
        raise InvalidInput("no image has this name")
    if len(found) > 1:
        raise InvalidInput(f"{len(found)} images have this name: name the mask by its image's id")
    return next(iter(found))


def _image(client: Client, image_id: str) -> Image:
    try:
        return client.image(image_id)
    except NotFound as error:
        raise InvalidInput(str(error)) from error


def _cropped(label_map: LabelMap, image: Image) -> LabelMap:
    size, crop = image.original_size, image.crop
    if (label_map.height, label_map.width) != (size.height, size.width):
        raise InvalidInput(
            f"it has {label_map.height}x{label_map.width} pixels, its image {size.height}x{size.width}: "
            "draw on the original picture"
        )
    pixels = np.full((size.height, size.width), VOID, np.uint8)
    inside = np.s_[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
    pixels[inside] = label_map.dense()[inside]
    return from_dense(pixels)
