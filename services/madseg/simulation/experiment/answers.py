"""What networks say of pictures: label maps in wire form and entropies, computed once and kept on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from madseg.adapters.inference.onnxruntime import OnnxRuntimeInference
from madseg.core.confusion import confusion
from madseg.core.label_map import LabelMap, decode, encode, from_dense
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.files import replacing
from madseg.simulation.experiment.pictures import Picture
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import SIZE

GRID = Size(SIZE, SIZE)

AT_ONCE = 64
"""Pictures under way at a time."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answers:
    """Of N pictures in order: `wires` are label maps, `entropies` (N,) float64 mean entropies in nats."""

    wires: tuple[bytes, ...]
    entropies: Floats

    @cached_property
    def maps(self) -> list[LabelMap]:
        """The label maps."""
        return [decode(wire) for wire in self.wires]

    def confusions(self, pictures: Sequence[Picture]) -> NDArray[np.int64]:
        """(N, classes, classes) int64: pixels of truth i that were called j, for the same pictures."""
        return np.stack(
            [confusion(item.truth, said, len(TAXONOMY)) for item, said in zip(pictures, self.maps, strict=True)]
        )


class Asking:
    """Asks the versions below a model repository. Answers about a named set are kept in `kept`."""

    def __init__(self, root: Path, kept: Path, threads: int = 1) -> None:
        self._kept = kept
        self._inference = OnnxRuntimeInference(root, threads)

    def ask(self, version: VersionRef, pictures: Sequence[Picture], name: str = "") -> Answers:
        """The version's answers; `name` is that of the set, empty for answers that aren't kept."""
        path = self._kept / f"{version.model}-{version.version}-{name}.npz"
        if name and path.exists():
            return _read(path)
        self._inference.load(version, GRID)
        wires: list[bytes] = []
        entropies: list[float] = []
        for start in range(0, len(pictures), AT_ONCE):
            asked = [self._inference.submit(version, item.image) for item in pictures[start : start + AT_ONCE]]
            for future in asked:
                answer = future.result()
                wires.append(encode(from_dense(answer.labels)))
                entropies.append(answer.mean_entropy or 0.0)
        self._inference.unload(version)
        found = Answers(tuple(wires), np.array(entropies))
        if name:
            _write(path, found)
        return found

    def close(self) -> None:
        """Ends the threads."""
        self._inference.close()


def _write(path: Path, answers: Answers) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sizes = np.array([len(wire) for wire in answers.wires], np.int64)
    with replacing(path) as file:
        np.savez(file, raw=np.frombuffer(b"".join(answers.wires), np.uint8), sizes=sizes, entropies=answers.entropies)


def _read(path: Path) -> Answers:
    with np.load(path) as found:
        raw, ends = found["raw"].tobytes(), np.cumsum(found["sizes"]).tolist()
        wires = tuple(raw[start:end] for start, end in zip([0, *ends], ends, strict=False))
        return Answers(wires, found["entropies"])
