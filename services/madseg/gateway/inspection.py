"""Looks at a file's structure before a decoder does: what would cost minutes or gigabytes is refused here.

Pixel counts are checked by `madseg.gateway.decode`; here stand the traps that a harmless pixel count hides.
"""

import re
import struct

from madseg.core.errors import InvalidImage

MAX_SCANS = 100
"""Scans of one JPEG. Encoders write about ten; each one costs a pass over all pixels."""

MAX_SEGMENTS = 4096
"""Segments in front of a JPEG's picture: full ones of that number are more than a file may have. Readers keep each."""

MAX_FILL = 1 << 16
"""Bytes in front of a JPEG's picture that belong to no segment. Readers go through them one by one."""

MAX_TAG_VALUES = 1 << 20
"""Values of one TIFF tag: enough for the strips or tiles of any picture, little enough to be unpacked."""

MAX_PAGES = 10_000
"""Directories of one TIFF that are counted before the file is called broken."""

MAX_ENTRIES = 4096
"""Entries of one TIFF directory: pictures have some dozen, and cameras' own ones a few hundred."""

MAX_ALL_ENTRIES = 1 << 17
"""Entries of all directories of one TIFF together: they may overlap, so the file's size doesn't bound them."""

_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
"""Bytes that fill up in front of a marker need no match: one that takes them all goes through a run of them as often as
it is long."""

_ALONE = {0x01, 0xD8}
"""Markers of a JPEG that no length follows, beside its end and those within a scan."""

_SCAN, _END = 0xDA, 0xD9

_OPAQUE = {1, 2, 6, 7}
"""TIFF types that are read as bytes, not number by number."""

_SUBFILE, _TILE_WIDTH, _TILE_LENGTH = 254, 322, 323


def inspect_jpeg(content: bytes) -> None:
    """Raises InvalidImage for a JPEG that would take minutes: so many scans, or so much in front of the first one."""
    at = _first_scan(content)
    scans = 1
    while (match := _MARKER.search(content, at)) and match.group(1)[0] != _END:
        scans += match.group(1)[0] == _SCAN
        if scans > MAX_SCANS:
            raise InvalidImage(f"a JPEG with more than {MAX_SCANS} scans: save it again as an ordinary JPEG")
        at = _behind(content, match)


def _first_scan(content: bytes) -> int:
    """Where the data of the first scan begin."""
    at, segments, fill = 2, 0, 0
    while (match := _MARKER.search(content, at)) and match.group(1)[0] != _END:
        segments, fill = segments + 1, fill + match.start() - at
        if segments > MAX_SEGMENTS or fill > MAX_FILL:
            raise InvalidImage("a JPEG with far too much in front of its picture: save it again as an ordinary JPEG")
        at = _behind(content, match)
        if match.group(1)[0] == _SCAN:
            return at
    raise InvalidImage("a broken or truncated JPEG (no picture is in it): send the whole file, or save it again")


def _behind(content: bytes, marker: re.Match[bytes]) -> int:
    """Where the segment of a marker ends."""
    at = marker.end()
    alone = marker.group(1)[0] in _ALONE or at + 2 > len(content)
    return at if alone else at + int.from_bytes(content[at : at + 2])


def inspect_tiff(content: bytes, max_pixels: int) -> int:
    """The number of pages of a TIFF, previews left out.

    Raises:
        InvalidImage: a tag or a tile that would need far more memory than the picture, or a broken chain of pages.
    """
    try:
        return _pages(content, max_pixels)
    except (struct.error, IndexError) as error:
        raise InvalidImage("a TIFF whose directory is cut off or broken: send the whole file") from error


def _pages(content: bytes, max_pixels: int) -> int:
    order = "<" if content[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", content, 2)[0] == 43
    word = order + ("Q" if big else "I")
    place: int = struct.unpack_from(word, content, 8 if big else 4)[0]
    seen: set[int] = set()
    pages = entries = 0
    while place:
        if place in seen or len(seen) >= MAX_PAGES:
            raise InvalidImage(f"a TIFF whose chain of pages never ends (seen {len(seen)}): save it again")
        seen.add(place)
        entries += _entries(content, place, order, big)
        if entries > MAX_ALL_ENTRIES:
            raise InvalidImage(f"a TIFF whose directories claim more than {MAX_ALL_ENTRIES} entries: save it again")
        place, preview = _directory(content, place, order, big, max_pixels)
        pages += not preview
    return max(pages, 1)


def _entries(content: bytes, place: int, order: str, big: bool) -> int:
    """How many entries a directory has."""
    count: int = struct.unpack_from(order + ("Q" if big else "H"), content, place)[0]
    if count > MAX_ENTRIES:
        raise InvalidImage(f"a TIFF whose directory claims {count} entries: more than {MAX_ENTRIES} is a trap")
    return count


def _directory(content: bytes, place: int, order: str, big: bool, max_pixels: int) -> tuple[int, bool]:
    """Checks one directory: (where the next one is or 0, whether this one is only a preview)."""
    head, entry, word = (8, 20, order + "Q") if big else (2, 12, order + "I")
    count = _entries(content, place, order, big)
    place += head
    found: dict[int, int] = {}
    for at in range(place, place + count * entry, entry):
        tag, kind = struct.unpack_from(order + "HH", content, at)
        values = struct.unpack_from(word, content, at + 4)[0]
        if kind not in _OPAQUE and values > MAX_TAG_VALUES:
            raise InvalidImage(f"a TIFF whose tag {tag} claims {values} values: more than {MAX_TAG_VALUES} is a trap")
        if kind in (3, 4):
            found[tag] = struct.unpack_from(order + ("H" if kind == 3 else "I"), content, at + (12 if big else 8))[0]
    if found.get(_TILE_WIDTH, 0) * found.get(_TILE_LENGTH, 0) > max_pixels:
        raise InvalidImage(f"a TIFF whose tiles claim more than {max_pixels} pixels each: save it with smaller tiles")
    return struct.unpack_from(word, content, place + count * entry)[0], bool(found.get(_SUBFILE, 0) & 1)
