"""Compiles the run-length kernels into numba's cache, so that the first start is as quick as any other.

Run once after installation: `python -m madseg.core.warm_up`.
"""

import numpy as np

from madseg.core.confusion import confusion, mean_iou
from madseg.core.disagreement import disagreements
from madseg.core.discrepancy import Metric, compare
from madseg.core.label_map import decode, encode, from_dense
from madseg.core.label_maps import decode_all
from madseg.core.masks import check_mask, to_original
from madseg.core.preprocess import Box, Size


def warm_up() -> None:
    """Calls every compiled kernel once."""
    first = from_dense(np.zeros((2, 2), np.uint8))
    second = decode(encode(from_dense(np.eye(2, dtype=np.uint8))))
    first.areas()
    assert first.present == {0: 4}
    mean_iou(confusion(first, second, 2))
    maps = decode_all([encode(first), encode(second)])
    assert compare(maps, [0], [1], Metric(2)).discrepancy == 0.75
    size, crop = Size(2, 3), Box(0, 0, 2, 2)
    check_mask(to_original(first, size, crop), size, crop, 1)
    assert disagreements([first.dense(), second.dense()], 1) == [Box(0, 0, 2, 2)]


if __name__ == "__main__":
    warm_up()
