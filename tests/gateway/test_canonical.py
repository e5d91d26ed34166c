"""From a picture to the grid."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from madseg.core.preprocess import Box, Size, perceptual_hash
from madseg.gateway.canonical import canonical, png
from tests.gateway.pictures import gradient


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_png_keeps_every_pixel(height: int, width: int, seed: int) -> None:
    """What another reader sees is what was written."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    found = Image.open(io.BytesIO(png(pixels)))
    assert found.mode == "RGB"
    assert np.array_equal(pixels, np.asarray(found))


def test_a_picture_on_the_grid_stays_as_it_is() -> None:
    """Identity, to the pixel."""
    result = canonical(Image.fromarray(gradient(12, 16)), Size(12, 16))
    assert np.array_equal(gradient(12, 16), np.asarray(Image.open(io.BytesIO(result.png))))
    assert Box(0, 0, 16, 12) == result.crop
    assert perceptual_hash(gradient(12, 16)) == result.perceptual_hash


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 50), (50, 1), (200, 13), (500, 375)])
def test_every_picture_gets_to_the_grid(height: int, width: int) -> None:
    """Also the thinnest."""
    result = canonical(Image.fromarray(gradient(height, width)), Size(12, 16))
    assert Image.open(io.BytesIO(result.png)).size == (16, 12)


def test_the_crop_is_what_is_resized() -> None:
    """The left and right of a wide picture are gone, its middle is all there is."""
    picture = np.zeros((10, 30, 3), np.uint8)
    picture[:, 10:20] = 200
    result = canonical(Image.fromarray(picture), Size(5, 5))
    assert Box(10, 0, 10, 10) == result.crop
    pixels = np.asarray(Image.open(io.BytesIO(result.png)))
    # The filter reaches half an output pixel over the edge of the crop.
    assert (pixels[:, 1:4] == 200).all()
    assert (pixels >= 150).all()


def test_shrinking_averages() -> None:
    """A fine checkerboard becomes grey, not stripes."""
    picture = np.indices((64, 64)).sum(0) % 2 * 255
    pixels = np.repeat(picture[..., None], 3, 2).astype(np.uint8)
    small = np.asarray(Image.open(io.BytesIO(canonical(Image.fromarray(pixels), Size(8, 8)).png)))
    assert np.abs(small.astype(int) - 127).max() < 12
