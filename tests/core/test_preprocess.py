"""Geometry, lanes and perceptual hashes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madseg.core.errors import InvalidInput
from madseg.core.preprocess import (
    Size,
    centre_crop,
    hash_distance,
    in_random_lane,
    parse_size,
    perceptual_hash,
    signed_hash,
    unsigned_hash,
)


@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 60), st.integers(1, 60))
def test_the_crop_lies_inside_and_is_as_large_as_can_be(height: int, width: int, rows: int, columns: int) -> None:
    """It touches two borders, is centred to a pixel, and has the grid's shape to a pixel."""
    box = centre_crop(Size(height, width), Size(rows, columns))
    assert 0 <= box.left <= width - box.width
    assert 0 <= box.top <= height - box.height
    assert box.width == width or box.height == height
    assert abs(2 * box.left + box.width - width) <= 1
    assert abs(2 * box.top + box.height - height) <= 1
    ideal = min(width, height * columns / rows)
    assert box.width == 1 or ideal - 1 < box.width <= ideal


def test_sizes_are_parsed_rows_first() -> None:
    """513x640 has 513 rows; nonsense is refused with an example."""
    assert parse_size("513X640") == Size(513, 640)
    for text in ("513", "0x5", "axb", "9999x1", "1x2x3", ""):
        with pytest.raises(InvalidInput, match="such as 513x513"):
            parse_size(text)


def test_the_random_lane_takes_its_share_and_only_grows() -> None:
    """Two per cent of ids, the same ones every time, all of them still in at five per cent."""
    ids = [f"{n:032x}" for n in range(20_000)]
    two = {item for item in ids if in_random_lane(item, 0.02)}
    five = {item for item in ids if in_random_lane(item, 0.05)}
    assert 330 < len(two) < 470
    assert two < five
    assert not any(in_random_lane(item, 0.0) for item in ids)
    assert all(in_random_lane(item, 1.0) for item in ids[:100])


def _picture(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (8, 8, 3))
    return coarse.repeat(20, 0).repeat(20, 1).astype(np.uint8)


def test_perceptual_hashes_tell_pictures_apart_and_near_ones_together() -> None:
    """Another exposure or a small shift stays near; another picture is far."""
    picture = _picture(0)
    brighter = np.clip(picture * 1.1 + 5, 0, 255).astype(np.uint8)
    assert hash_distance(perceptual_hash(picture), perceptual_hash(brighter)) <= 4
    assert hash_distance(perceptual_hash(picture), perceptual_hash(np.roll(picture, 1, 0))) <= 8
    others = [hash_distance(perceptual_hash(picture), perceptual_hash(_picture(seed))) for seed in range(1, 30)]
    assert min(others) > 12


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (31, 33), (513, 513)])
def test_every_shape_has_a_hash(shape: tuple[int, int]) -> None:
    """Also pictures smaller than the hash's own grid."""
    assert 0 <= perceptual_hash(np.full((*shape, 3), 7, np.uint8)) < 1 << 64


@given(st.integers(0, (1 << 64) - 1))
def test_a_hash_fits_a_signed_column_and_comes_back(hashed: int) -> None:
    """All 64 bits of it; no hash stays none."""
    stored = signed_hash(hashed)
    assert stored is not None
    assert -(1 << 63) <= stored < 1 << 63
    assert unsigned_hash(stored) == hashed
    assert (signed_hash(None), unsigned_hash(None)) == (None, None)
