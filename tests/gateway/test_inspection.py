"""What a file's structure says before anything is decoded."""

import struct

import pytest

from madseg.core.errors import InvalidImage
from madseg.gateway.inspection import inspect_jpeg, inspect_tiff
from tests.gateway.pictures import encoded, gradient, tiff

SUBFILE = 254


def chained(*kinds: int) -> bytes:
    """A TIFF of one directory for each kind of subfile."""
    content = b""
    for number, kind in enumerate(kinds, 1):
        following = 8 + 18 * number if number < len(kinds) else 0
        content += tiff([(SUBFILE, 4, 1, kind)], following)[8:]
    return b"II*\0" + struct.pack("<I", 8) + content


def test_pages_are_counted_without_previews() -> None:
    """A reduced picture in the chain is no page."""
    assert [inspect_tiff(chained(*kinds), 100) for kinds in ((0,), (0, 1), (0, 0), (1, 0, 1, 0), (1,))] == [
        1,
        1,
        2,
        2,
        1,
    ]


def test_both_byte_orders_and_the_large_form() -> None:
    """Big-endian and BigTIFF are read too."""
    big_endian = b"MM\0*" + struct.pack(">IHHHIII", 8, 1, SUBFILE, 4, 1, 0, 0)
    large = b"II+\0" + struct.pack("<HHQQHHQQQ", 8, 0, 16, 1, SUBFILE, 4, 1, 0, 0)
    assert (inspect_tiff(big_endian, 100), inspect_tiff(large, 100)) == (1, 1)


@pytest.mark.parametrize("size", range(4, 26))
def test_a_directory_that_is_cut_off(size: int) -> None:
    """Wherever the file ends."""
    with pytest.raises(InvalidImage, match="cut off or broken"):
        inspect_tiff(chained(0)[:size], 100)


def test_ordinary_jpegs_pass() -> None:
    """Plain and progressive ones, with restart markers too."""
    for options in ({}, {"progressive": True}, {"restart_marker_rows": 1}):
        inspect_jpeg(encoded(gradient(100, 100), "JPEG", **options))
