"""The images: what intake and the selector know of each, its pictures and its label maps, as far as they are wanted."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

from madseg.cli.everything.folder import Folder, maps_of, pictures_of, walked
from madseg.cli.everything.forgetting import mentioned
from madseg.cli.everything.label_maps import Drawing
from madseg.cli.output import plain
from madseg.client import Client, NotFound
from madseg.exchange.writing import replacing

SEGMENT = 1000
"""Images a file: what a kill has done again."""

TOGETHER = 8
"""Images asked about at the same time: more doesn't make the services any faster."""

T = TypeVar("T")

_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/tiff": ".tif",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
}


@dataclass(frozen=True)
class Wanted:
    """Which pictures, "canonical" and "original", and how label maps are written; None: they aren't."""

    pictures: tuple[str, ...]
    maps: Drawing | None


def write_images(folder: Folder, client: Client, wanted: Wanted) -> Iterator[int]:
    """Writes every image that isn't there yet, and yields the number of each file once it is written."""
    listing = folder.work / "images"
    if not listing.exists():
        with replacing(listing) as stream:
            for image_id in _ids(folder, client):
                stream.write(f"{image_id}\n".encode())
    with ThreadPoolExecutor(TOGETHER) as pool, listing.open() as lines:
        for number, ids in enumerate(iter(lambda: [line.strip() for line in islice(lines, SEGMENT)], [])):

            def records(ids: list[str] = ids) -> Iterator[object]:
                found = pool.map(lambda image_id: _record(folder, client, image_id, wanted), ids)
                return (record for record in found if record is not None)

            folder.once(f"images/{number:06}.ndjson", records)
            yield number


def written(folder: Folder) -> int:
    """How many images are in the export."""
    found = 0
    for path in (folder.root / "images").glob("*.ndjson"):
        with path.open("rb") as lines:
            found += sum(1 for _ in lines)
    return found


def _ids(folder: Folder, client: Client) -> Iterator[str]:
    """All accepted images, then those that came as label maps alone, as far as something speaks of them.

    Holds about 100 bytes an image.
    """
    listed = set()
    for image_id in client.images():
        listed.add(bytes.fromhex(image_id))
        yield image_id
    spoken = {bytes.fromhex(found) for name in walked(folder.root) for found in mentioned(folder.root / name)}
    yield from sorted(key.hex() for key in spoken - listed)


def _record(folder: Folder, client: Client, image_id: str, wanted: Wanted) -> dict[str, object] | None:
    """What is known of an image, its files written; None where that is nothing."""
    image = _known(lambda: client.image(image_id))
    found = _known(lambda: client.explain(image_id))
    if image is None and found is None:
        return None
    pictures, maps = {}, []
    for kind in wanted.pictures if image is not None else ():
        picture = _known(partial(client.picture, image_id, kind))
        if picture is not None:
            name = f"{pictures_of(image_id)}/{kind}{_ENDINGS.get(picture.media_type, '.bin')}"
            pictures[kind] = folder.keep(name, picture.content)
    form = wanted.maps if found is not None else None
    if form is not None:
        for item in client.label_maps(image_id):
            name = f"{maps_of(image_id)}/{item.version.model}-{item.version.version}{form.ending}"
            maps.append({"version": str(item.version), "file": folder.keep(name, form.drawn(item.label_map))})
    about = {"image_id": image_id, "image": plain(image), "predictions": plain(found)}
    return {**about, "pictures": pictures, "label_maps": maps}


def _known(ask: Callable[[], T]) -> T | None:
    """What is answered; None where it isn't known, or isn't any more."""
    try:
        return ask()
    except NotFound:
        return None
