"""Builders that read like the domain."""

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from madseg.core.label_map import LabelMap, from_dense

LETTERS = {".": 0, "c": 1, "d": 2, "e": 3, "x": 255}


def label_map(text: str) -> LabelMap:
    """The label map of rows split by slashes: `label_map("..cc/..cc")`; a dot is 0, c, d, e are 1 to 3, x is void."""
    return from_dense(pixels(text))


def pixels(text: str) -> NDArray[np.uint8]:
    """The dense form of `label_map(text)`."""
    return np.array([[LETTERS[letter] for letter in row] for row in text.split("/")], np.uint8)


@st.composite
def dense_maps(draw: st.DrawFn, labels: int = 4, height: int = 0, width: int = 0) -> NDArray[np.uint8]:
    """Small dense label maps with labels below `labels` and void, made of runs of random length."""
    height, width = height or draw(st.integers(1, 9)), width or draw(st.integers(1, 9))
    cuts = draw(st.lists(st.tuples(st.sampled_from([*range(labels), 255]), st.integers(1, 9)), min_size=1, max_size=20))
    flat = np.concatenate([np.full(length, label, np.uint8) for label, length in cuts])
    return np.resize(flat, (height, width))
