"""The wire form of label maps, for programs that bring in what their own model predicted, or read what is stored.

    0x01  height  width  (label  length)*

Numbers are unsigned LEB128 in the shortest form, `label` is one byte. Runs follow raster order and run on over the end
of a row; neighbouring runs have different labels, so equal maps are equal bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby

from madseg.client.errors import InvalidArgument

_VERSION = 1
_MAX_PIXELS = 1 << 28


def encode_label_map(rows: Sequence[Sequence[int]]) -> bytes:
    """A label map of H rows with W labels each, as the services take it: 0 to 254 in the order of the taxonomy, 255
    void. An (H, W) array of whole numbers is fed by its `tolist()`.

    Raises:
        InvalidArgument: there is no pixel, rows aren't equally long, or a label is outside 0..255.
    """
    width = len(rows[0]) if rows else 0
    if not width or any(len(row) != width for row in rows):
        raise InvalidArgument("a label map has at least one row, and rows of one length", field="label_map")
    data = bytearray((_VERSION,))
    data += _leb128(len(rows)) + _leb128(width)
    for label, run in groupby(chain.from_iterable(rows)):
        if not 0 <= label <= 255:
            raise InvalidArgument(f"labels are 0..254, and 255 for void; got {label}", field="label_map")
        data.append(label)
        data += _leb128(sum(1 for _ in run))
    return bytes(data)


def decode_label_map(data: bytes) -> list[bytes]:
    """The rows of a label map as it is stored, a byte a pixel; `numpy.frombuffer(b"".join(rows), "u1")` for an array.

    Raises:
        InvalidArgument: these bytes are no label map.
    """
    try:
        return _rows(iter(data))
    except (StopIteration, OverflowError) as error:
        raise InvalidArgument("these bytes are no label map: they end too early", field="label_map") from error


def _rows(rest: Iterator[int]) -> list[bytes]:
    version, height, width = next(rest), _number(rest), _number(rest)
    if version != _VERSION or not 0 < height * width <= _MAX_PIXELS:
        raise InvalidArgument(f"no label map of version {_VERSION} begins like this", field="label_map")
    pixels = bytearray()
    for label in rest:
        length = _number(rest)
        if len(pixels) + length > height * width:
            raise InvalidArgument(f"the runs cover more than {height} x {width} pixels", field="label_map")
        pixels += bytes((label,)) * length
    if len(pixels) != height * width:
        raise InvalidArgument(f"the runs cover fewer than {height} x {width} pixels", field="label_map")
    return [bytes(pixels[at : at + width]) for at in range(0, len(pixels), width)]


def _leb128(number: int) -> bytes:
    data = bytearray()
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    return bytes((*data, number))


def _number(rest: Iterable[int]) -> int:
    found = 0
    for place, byte in zip(range(5), rest, strict=False):
        found |= (byte & 127) << 7 * place
        if byte < 128:
            return found
    raise OverflowError
