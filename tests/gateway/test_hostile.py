"""Files made to break whoever decodes them: nothing but InvalidImage comes out, soon, and in little memory."""

import random
import struct
import tracemalloc
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from madseg.core.errors import InvalidImage
from madseg.gateway.decode import Limits, TooLarge, decode
from tests.gateway.pictures import chunk, encoded, gradient, png_header, tiff, turned, with_chunk

CASES = 6000
"""Damaged files; about three seconds."""


def small_files() -> dict[str, bytes]:
    """A small valid file of every kind that is taken in."""
    picture = Image.fromarray(gradient())
    grey = gradient()[..., 0].astype(np.uint16) * 257
    files = {
        "jpeg": encoded(picture, "JPEG", exif=turned(6)),
        "progressive": encoded(picture, "JPEG", progressive=True),
        "cmyk": encoded(picture.convert("CMYK"), "JPEG"),
        "png": encoded(picture, exif=turned(6)),
        "palette": encoded(picture.convert("P"), transparency=3),
        "alpha": encoded(picture.convert("RGBA")),
        "bilevel": encoded(picture.convert("1")),
        "deep": encoded(grey),
        "gif": encoded(picture.convert("P"), "GIF", transparency=1),
        "bmp": encoded(picture, "BMP"),
        "bmp palette": encoded(picture.convert("P"), "BMP"),
        "webp": encoded(picture, "WEBP", exif=turned(6)),
        "webp lossless": encoded(picture.convert("RGBA"), "WEBP", lossless=True),
        "deep tiff": encoded(grey, "TIFF"),
        "fax": encoded(picture.convert("1"), "TIFF", compression="group4"),
    }
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"):
        files[f"tiff {compression}"] = encoded(picture, "TIFF", compression=compression, exif=turned(6))
    return files


def test_damaged_files_are_refused_and_never_crash() -> None:
    """Cut, flipped and shortened bytes in every format: a picture or InvalidImage, no warning, nothing else."""
    draw = random.Random(20240501)
    files = list(small_files().values())
    limits = Limits(1 << 20, 10_000_000)
    refused = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(CASES):
            content = damaged(draw.choice(files), draw)
            try:
                assert decode(content, limits).picture.mode == "RGB"
            except InvalidImage:
                refused += 1
    assert refused > CASES // 3


def damaged(content: bytes, draw: random.Random) -> bytes:
    """A file with bytes cut off, changed or taken out."""
    data = bytearray(content)
    kind = draw.random()
    if kind < 0.3:
        return bytes(data[: draw.randrange(len(data))])
    for _ in range(draw.randint(1, 6)):
        place = draw.randrange(len(data) if draw.random() < 0.5 else min(len(data), 120))
        data[place] = draw.choice([0, 255, 127, 128, draw.randrange(256), data[place] ^ 1 << draw.randrange(8)])
    if kind > 0.9:
        place = draw.randrange(len(data))
        del data[place : place + draw.randint(1, 40)]
    return bytes(data)


@pytest.mark.parametrize("name", sorted(small_files()))
def test_truncated_files_are_refused(name: str) -> None:
    """However much is missing; a GIF or JPEG may lack its end marker of two bytes and has all its pixels."""
    content = small_files()[name]
    kept = range(len(content) - (2 if name in {"gif", "jpeg", "progressive", "cmyk"} else 0))
    taken = [size for size in kept if _is_taken(content[:size])]
    assert taken == []


def _is_taken(content: bytes) -> bool:
    try:
        decode(content)
    except InvalidImage:
        return False
    return True


def measured(content: bytes, kind: type[InvalidImage] = InvalidImage, match: str = ".") -> None:
    """Asserts that a file is refused within 20 MB: nothing of that size was unpacked."""
    tracemalloc.start()
    try:
        with pytest.raises(kind, match=match):
            decode(content)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


def test_a_huge_picture_is_refused_on_its_header() -> None:
    """30,000 x 30,000 in every format that can say so."""
    body = png_header(30_000, 30_000) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    measured(body, TooLarge, "30000 x 30000")
    bmp = bytearray(encoded(gradient(), "BMP"))
    bmp[18:26] = struct.pack("<ii", 30_000, 30_000)
    measured(bytes(bmp), TooLarge, "30000 x 30000")
    jpeg = bytearray(encoded(gradient(), "JPEG"))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", 30_000, 30_000)
    measured(bytes(jpeg), TooLarge, "30000 x 30000")
    gif = bytearray(encoded(gradient(), "GIF"))
    gif[6:10] = struct.pack("<HH", 30_000, 30_000)
    measured(bytes(gif), TooLarge, "30000 x 30000")
    measured(tiff([(256, 4, 1, 30_000), (257, 4, 1, 30_000), (262, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 8)]), TooLarge)
    webp = bytearray(encoded(gradient(), "WEBP", lossless=True))
    at = webp.index(b"VP8L") + 9
    webp[at : at + 4] = (16_382 | 16_382 << 14).to_bytes(4, "little")
    measured(bytes(webp), TooLarge, "more pixels than are ever taken")


def test_compressed_text_can_not_fill_the_memory() -> None:
    """A PNG whose comment unpacks to 200 MB, and one whose colour profile does."""
    bomb = zlib.compress(bytes(200_000_000), 9)
    for extra in (chunk(b"zTXt", b"a\0\0" + bomb), chunk(b"iCCP", b"a\0\0" + bomb)):
        measured(with_chunk(encoded(gradient()), extra))


def test_many_texts_can_not_either() -> None:
    """Each below the limit, together above."""
    texts = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1_000_000), 9)) * 100
    with pytest.raises(InvalidImage):
        decode(with_chunk(encoded(gradient()), texts))


def test_a_tag_can_not_claim_millions_of_values() -> None:
    """Unpacking it would take a hundred times the file."""
    content = tiff([(256, 3, 1, 20), (257, 3, 1, 20), (258, 3, 30_000_000, 100)]) + bytes(60_000_000)
    measured(content, match="tag 258 claims 30000000 values")


def test_tiles_can_not_be_larger_than_pictures() -> None:
    """A decoder makes room for a whole tile."""
    measured(tiff([(256, 3, 1, 1), (257, 3, 1, 1), (322, 4, 1, 60_000), (323, 4, 1, 60_000)]), match="tiles")


def test_a_chain_of_pages_ends() -> None:
    """A directory that names itself as the next one."""
    measured(tiff([(256, 3, 1, 4), (257, 3, 1, 4)], following=8), match="never ends")


def overlapping(pages: int, entries: int) -> bytes:
    """A TIFF of directories that lie over each other, a few bytes apart: all of them read the same zeros."""
    content = bytearray(8 + 12 * pages + 2 + 12 * entries + 4)
    content[:8] = b"II*\0" + struct.pack("<I", 8)
    for page in range(pages):
        place = 8 + 12 * page
        struct.pack_into("<H", content, place, entries)
        struct.pack_into("<I", content, place + 2 + 12 * entries, place + 12 if page < pages - 1 else 0)
    return bytes(content)


def test_a_directory_can_not_claim_tens_of_thousands_of_entries() -> None:
    """Nor a quintillion, as the large form can."""
    measured(overlapping(1, 65_535), match="claims 65535 entries")
    large = b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, 1 << 60)
    measured(large, match=f"claims {1 << 60} entries")


def test_directories_that_overlap_are_bounded_together() -> None:
    """A file of a few hundred kilobytes that would be gone through for a minute."""
    measured(overlapping(5000, 4000), match="more than 131072 entries")


def test_thousands_of_scans_are_refused() -> None:
    """A progressive JPEG of few bytes that would take minutes."""
    jpeg = encoded(gradient(), "JPEG", progressive=True)
    at = jpeg.rindex(b"\xff\xda")
    measured(jpeg[:at] + jpeg[at:-2] * 5000 + jpeg[-2:], match="more than 100 scans")


@pytest.mark.parametrize("end", [b"", b"\0", b"\xd0"])
def test_fill_bytes_of_a_jpeg_are_passed_once(end: bytes) -> None:
    """Eight million of them in front of what is no marker: looked at from each of them anew they would take hours."""
    measured(b"\xff\xd8\xff" + b"\xff" * (8 << 20) + end, match="no picture is in it")


def test_what_stands_before_the_picture_of_a_jpeg_is_bounded() -> None:
    """Fill bytes, empty segments and beginnings, which a reader would take one by one, and keep."""
    jpeg = encoded(gradient(), "JPEG")
    for front in (b"\xff" * (8 << 20), b"\xff\xe5\0\2" * (2 << 20), b"\xff\xd8" * (4 << 20)):
        measured(jpeg[:2] + front + jpeg[2:], match="too much in front of its picture")
    assert decode(jpeg[:2] + b"\xff" * 1000 + b"\xff\xe5\0\2" * 1000 + jpeg[2:])


def test_data_behind_a_jpeg_do_not_count_as_scans() -> None:
    """A film behind the photograph, as phones write it."""
    assert decode(encoded(gradient(), "JPEG") + b"\xff\xda\x00\x02" * 1000)


def test_the_message_names_cause_and_fix() -> None:
    """A person knows what to do."""
    with pytest.raises(InvalidImage, match=r"broken or truncated JPEG \(.*truncated.*\): send the whole file"):
        decode(encoded(gradient(200, 200), "JPEG")[:-900])
