"""What foreign files may ask for: every file is taken for hostile, and checked before anything is allocated."""

from madseg.core.errors import InvalidInput
from madseg.core.preprocess import Size

MAX_PIXELS = 100_000_000
"""Rows times columns of a mask: what intake takes of a picture."""

MAX_FILE_BYTES = 8 * MAX_PIXELS + 4096
"""Bytes of a file that holds one mask: an array of 8-byte integers is the largest."""

MAX_LINE_BYTES = 64 << 20
"""Bytes of a line of NDJSON, of one value in a JSON file, or of one element of an XML file: at most one image. A value
takes up to nine times that in memory."""

MAX_LISTED = 1_000_000
"""Images in one JSON file; some 200 bytes are held of each."""

MAX_ANNOTATIONS = 10_000_000
"""Annotations in one JSON file; 24 bytes are held of each. COCO's own largest has 900,000."""

MAX_ARCHIVE_BYTES = 64 << 30
"""Bytes that the entries of a zip have unpacked, all together. One entry at a time is unpacked."""

MAX_ARCHIVE_ENTRIES = 1_000_000
"""Entries of a zip."""

MAX_RATIO = 200
"""How many times larger than its packed bytes an entry may be, once it has more than FREE_BYTES."""

FREE_BYTES = 1 << 20
"""Unpacked bytes below which no ratio is too large: small uniform masks pack very well."""

MAX_OUTLINE = 5_000_000
"""Length of a polygon's outline in fifths of a pixel: bounds what its points can ask for."""


def checked_size(height: object, width: object) -> Size:
    """The size of a mask.

    Raises:
        InvalidInput: not two whole numbers of at least 1, or more pixels than are taken.
    """
    rows, columns = whole(height, "height", 1), whole(width, "width", 1)
    if rows * columns > MAX_PIXELS:
        raise InvalidInput(f"a mask of {columns} x {rows} pixels; at most {MAX_PIXELS} are taken: send a smaller one")
    return Size(rows, columns)


def whole(value: object, what: str, low: int = 0, high: int = 1 << 40) -> int:
    """A whole number, also where a tool wrote it as 640.0.

    Raises:
        InvalidInput: it is none, or outside low..high.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidInput(f"{what} must be a whole number in {low}..{high}, got {str(value)[:40]!r}")
    return value
