"""Confusion of a pair of label maps: from runs, against scikit-learn as the authors call it and one numpy bincount."""

from collections.abc import Callable

import numpy as np
from sklearn.metrics import confusion_matrix

from madseg.core.confusion import confusion
from madseg.core.label_map import from_dense
from tests.perf.maps import Dense
from tests.perf.rows import Row, faster, seconds

CLASSES = 21
ROUNDS = 25


def measure(images: list[list[Dense]], what: str) -> list[Row]:
    """Both rows, each over all pairs of the first map with the others."""
    dense = [(maps[0], other) for maps in images for other in maps[1:]]
    runs = [(from_dense(first), from_dense(second)) for first, second in dense]
    ours, bincount, sklearn = [], [], []
    for turn in range(ROUNDS):
        few = dense[turn::ROUNDS]
        ours.append(seconds(lambda: [confusion(*pair, CLASSES) for pair in runs]) / len(runs) * 1e6)
        bincount.append(_each(_bincount, few))
        sklearn.append(_each(_sklearn, few[:2]))
    detail = f"{len(runs)} pairs of {what}, median {int(np.median([pair[0].runs for pair in runs]))} runs"
    return [
        faster("confusion_vs_sklearn", "us a pair", ours, sklearn, detail),
        faster("confusion_vs_bincount", "us a pair", ours, bincount, detail),
    ]


def _each(count: Callable[[Dense, Dense], object], pairs: list[tuple[Dense, Dense]]) -> float:
    """Microseconds a pair."""
    return seconds(lambda: [count(*pair) for pair in pairs]) / len(pairs) * 1e6


def _bincount(first: Dense, second: Dense) -> np.ndarray:
    return np.bincount(first.reshape(-1) * np.int64(CLASSES) + second.reshape(-1), minlength=CLASSES**2)


def _sklearn(first: Dense, second: Dense) -> np.ndarray:
    """As VITA-Group's code counts: valid pixels only, then the library's matrix over all classes."""
    mask = (first < CLASSES) & (second < CLASSES)
    matrix: np.ndarray = confusion_matrix(first[mask], second[mask], labels=np.arange(CLASSES))
    return matrix


def peers_image(maps: list[Dense]) -> None:
    """The peers' arithmetic for one image, in memory: per pair a confusion matrix, and which classes each map has."""
    for other in maps[1:]:
        _sklearn(maps[0], other)
        for dense in (maps[0], other):
            labels = np.unique(dense)
            for label in labels:
                int((dense == label).sum())
