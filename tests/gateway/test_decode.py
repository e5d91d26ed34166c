"""What becomes of every kind of picture."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from madseg.core.errors import InvalidImage
from madseg.gateway.decode import Limits, TooLarge, UnknownFormat, decode
from tests.gateway.pictures import chunk, encoded, gradient, tiff, turned


def pixels(content: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The decoded pixels."""
    return np.asarray(decode(content).picture)


@pytest.mark.parametrize(("form", "options"), [("PNG", {}), ("BMP", {}), ("TIFF", {}), ("WEBP", {"lossless": True})])
def test_lossless_files_keep_their_pixels(form: str, options: dict[str, bool]) -> None:
    """RGB in, the same RGB out."""
    assert np.array_equal(gradient(), pixels(encoded(gradient(), form, **options)))


@pytest.mark.parametrize("form", ["JPEG", "GIF"])
def test_lossy_files_are_close(form: str) -> None:
    """JPEG and GIF come near what was encoded."""
    assert np.abs(pixels(encoded(gradient(), form)).astype(int) - gradient()).mean() < 25


def test_the_kind_is_read_from_the_bytes() -> None:
    """There is no name to be wrong: the media type is that of the content."""
    assert [decode(encoded(gradient(), form)).media_type for form in ("JPEG", "WEBP")] == ["image/jpeg", "image/webp"]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture(form: str, orientation: int) -> None:
    """However the camera was held, the red corner ends where Pillow's own turn puts it."""
    picture = np.zeros((32, 48, 3), np.uint8)
    picture[:16, :16] = (250, 10, 10)
    options: dict[str, int] = {"WEBP": {"lossless": 1}, "JPEG": {"subsampling": 0, "quality": 95}}.get(form, {})
    content = encoded(picture, form, exif=turned(orientation), **options)
    steps = [None, *(Image.Transpose(step) for step in (0, 3, 1, 5, 4, 6, 2))]
    step = steps[orientation - 1]
    wanted = Image.fromarray(picture).transpose(step) if step is not None else Image.fromarray(picture)
    assert np.abs(pixels(content).astype(int) - np.asarray(wanted)).max() < 40


def test_unreadable_exif_is_no_orientation() -> None:
    """Odd metadata don't cost a picture."""
    assert pixels(encoded(gradient(), "JPEG", exif=b"Exif\0\0nonsense")).shape == (20, 24, 3)


def test_alpha_lies_on_grey() -> None:
    """What is transparent becomes mid-grey whatever colour hides there; half is half."""
    picture = np.zeros((1, 3, 4), np.uint8)
    picture[0] = [(250, 0, 0, 0), (250, 0, 0, 128), (250, 0, 0, 255)]
    assert pixels(encoded(picture))[0].tolist() == [[128, 128, 128], [189, 64, 64], [250, 0, 0]]


def test_grey_with_alpha() -> None:
    """LA is flattened too."""
    picture = Image.merge("LA", (Image.new("L", (2, 1), 200), Image.new("L", (2, 1), 0)))
    assert pixels(encoded(picture))[0].tolist() == [[128] * 3] * 2


def test_palette_with_a_transparent_colour() -> None:
    """Indices become colours, the transparent one grey."""
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 200, 100, 50])
    picture.putpixel((1, 0), 1)
    assert pixels(encoded(picture, transparency=1))[0].tolist() == [[10, 20, 30], [128] * 3]
    assert pixels(encoded(picture))[0].tolist() == [[10, 20, 30], [200, 100, 50]]


def test_black_and_white() -> None:
    """One bit a pixel."""
    picture = Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1")
    assert pixels(encoded(picture))[0].tolist() == [[0] * 3, [255] * 3]


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled(form: str) -> None:
    """65,535 is white and 32,768 the middle; nothing is clipped."""
    picture = np.array([[0, 256, 32768, 65535]], np.uint16)
    assert pixels(encoded(picture, form))[0, :, 0].tolist() == [0, 1, 128, 255]


def test_16_bit_colour_keeps_its_upper_bits() -> None:
    """RGB with 16 bits a channel."""
    row = np.array([0, 256, 32768, 1, 65535, 511], ">u2").tobytes()
    assert pixels(_png(2, 1, 16, 2, row)).tolist()[0] == [[0, 1, 128], [0, 255, 1]]


def test_16_bit_colour_key() -> None:
    """A transparent colour in 16 bits is found after the pixels went to 8."""
    row = np.array([0, 256, 32768, 1, 65535, 511], ">u2").tobytes()
    key = np.array([0, 256, 32768], ">u2").tobytes()
    assert pixels(_png(2, 1, 16, 2, row, key)).tolist()[0] == [[128] * 3, [0, 255, 1]]


def test_16_bit_grey_key() -> None:
    """The transparent grey is exactly that one."""
    row = np.array([256, 257], ">u2").tobytes()
    assert pixels(_png(2, 1, 16, 0, row, np.array([256], ">u2").tobytes())).tolist()[0] == [[128] * 3, [1] * 3]


def test_tiff_with_white_as_zero() -> None:
    """16-bit grey whose 0 is white comes out the right way round."""
    content = bytearray(encoded(np.array([[0, 65535]], np.uint16), "TIFF"))
    at = content.index((262).to_bytes(2, "little") + (3).to_bytes(2, "little"))
    content[at + 8] = 0
    assert pixels(bytes(content))[0, :, 0].tolist() == [255, 0]


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk(form: str) -> None:
    """Inks become light, Adobe's inverted ones included (Pillow writes those in JPEG)."""
    picture = Image.fromarray(np.full((16, 16, 3), (200, 40, 90), np.uint8)).convert("CMYK")
    assert np.abs(pixels(encoded(picture, form))[8, 8].astype(int) - (200, 40, 90)).max() < 6


@pytest.mark.parametrize("mode", ["F", "I"])
def test_samples_without_a_range_are_refused(mode: str) -> None:
    """32-bit and floating TIFFs have no white."""
    with pytest.raises(InvalidImage, match="no defined range"):
        decode(encoded(Image.new(mode, (2, 2)), "TIFF"))


def test_one_pixel() -> None:
    """The smallest picture is a picture."""
    assert pixels(encoded(gradient(1, 1), "JPEG")).shape == (1, 1, 3)


def test_a_phones_jpeg_gives_its_first_picture() -> None:
    """Several pictures behind each other in one JPEG are not an animation."""
    content = encoded(gradient(), "MPO", save_all=True, append_images=[Image.new("RGB", (5, 5))])
    assert pixels(content).shape == (20, 24, 3)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF"])
def test_several_frames_are_refused(form: str) -> None:
    """The message says what to do."""
    frames = [Image.fromarray(gradient() // (n + 1)) for n in range(3)]
    content = encoded(frames[0], form, save_all=True, append_images=frames[1:])
    with pytest.raises(InvalidImage, match=r"(3|more than one) (frames?|pages).*one by one"):
        decode(content)


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "empty"), (b"%PDF-1.7", "not an image"), (b"RIFF\0\0\0\0WAVE", "not")]
)
def test_what_is_no_image(content: bytes, message: str) -> None:
    """The message shows how the file begins and lists what is taken."""
    with pytest.raises(UnknownFormat, match=message):
        decode(content)


def test_too_many_bytes() -> None:
    """The message has both numbers."""
    with pytest.raises(TooLarge, match=r"has \d+ bytes, at most 10 "):
        decode(encoded(gradient()), Limits(max_bytes=10))


def test_too_many_pixels() -> None:
    """The limit is on the product."""
    content = encoded(gradient())
    assert decode(content, Limits(max_pixels=480))
    with pytest.raises(TooLarge, match="24 x 20 pixels, at most 479"):
        decode(content, Limits(max_pixels=479))


def test_a_tiff_without_pixels() -> None:
    """A header that says 0 is an error like any other."""
    with pytest.raises(InvalidImage):
        decode(tiff([(256, 3, 1, 0), (257, 3, 1, 0)]))


def _png(width: int, height: int, bits: int, kind: int, rows: bytes, key: bytes = b"") -> bytes:
    stride = len(rows) // height
    lines = b"".join(b"\0" + rows[at : at + stride] for at in range(0, len(rows), stride))
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    transparent = chunk(b"tRNS", key) if key else b""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + transparent
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )
