"""The client's own codec of label maps, against the vectors that the services and the pages are tested with."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from madseg.client import InvalidArgument, decode_label_map, encode_label_map
from madseg.core.label_map import encode, from_dense
from tests.vectors.label_map import FILE

VECTORS: dict[str, Any] = json.loads(FILE.read_text())

NEEDLESS = {"length with a needless byte", "height with a needless byte", "same label twice", "length 0"}
"""What is no canonical form and is read all the same: services send the canonical one."""


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda item: item["name"])
def test_maps_are_the_bytes_that_services_have(vector: dict[str, Any]) -> None:
    """Both ways."""
    assert encode_label_map(vector["pixels"]).hex() == vector["bytes"]
    assert [list(row) for row in decode_label_map(bytes.fromhex(vector["bytes"]))] == vector["pixels"]


@pytest.mark.parametrize("vector", VECTORS["broken"], ids=lambda item: item["name"])
def test_bytes_that_are_no_map_are_refused(vector: dict[str, Any]) -> None:
    """Whatever is broken about them."""
    if vector["name"] in NEEDLESS:
        decode_label_map(bytes.fromhex(vector["bytes"]))
        return
    with pytest.raises(InvalidArgument, match=r"label map|the runs cover"):
        decode_label_map(bytes.fromhex(vector["bytes"]))


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.sampled_from([0, 1, 2, 255])))
def test_any_array_goes_there_and_back(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    """And is what the services make of it."""
    data = encode_label_map(pixels.tolist())
    assert data == encode(from_dense(pixels))
    assert b"".join(decode_label_map(data)) == pixels.tobytes()


@pytest.mark.parametrize("rows", [[], [[]], [[1, 2], [3]], [[256]], [[-1]]])
def test_what_is_no_map_is_not_sent(rows: list[list[int]]) -> None:
    """The caller learns it before a server does."""
    with pytest.raises(InvalidArgument, match=r"label map|labels are"):
        encode_label_map(rows)
