"""What a version must pass before it serves: it is loaded where it will serve, and answers there as its file does."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidModel, Unavailable
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Answer, Inference
from madseg.predictor.probe import load_probe_images
from madseg.predictor.running import Network

LEAST_AGREEMENT = 0.9
"""Of the labels with those on this machine's CPU. GPUs round otherwise and TensorRT may compute in half precision,
which moves a few; another network, or a picture that arrives garbled, moves most."""

PATIENCE_SECONDS = 30.0
"""How long a server that doesn't answer is asked again."""

PAUSE_SECONDS = 0.5

ANSWER_SECONDS = 120.0
"""How long the first answer of all may take."""


class Trial:
    """Tries versions on `inference`, on a picture of the canonical grid."""

    def __init__(self, inference: Inference, grid: Size, patience: float = PATIENCE_SECONDS) -> None:
        self._inference, self._grid, self._patience = inference, grid, patience

    def __call__(self, ref: VersionRef, path: Path, beside: Sequence[int]) -> str:
        """Loads the version whose served file is at `path` and asks it about one picture; a sentence on the answer.

        Versions `beside` go on serving.

        Raises:
            InvalidModel: it can't be loaded, or answers otherwise than the file does here.
            NotFound: the server's repository is another one.
            Unavailable: the server doesn't answer.
            MadsegError: the network fails on the picture.
        """
        picture = load_probe_images((self._grid.height, self._grid.width))[0]
        (expected,) = Network(path.read_bytes()).run(["labels"], {"image": picture[None]})
        labels = self._answer(ref, picture, tuple(sorted({*beside, ref.version}))).labels
        agreement = float(np.mean(labels == expected[0]))
        if agreement < LEAST_AGREEMENT:
            raise InvalidModel(
                f"where it would serve, {ref} gives {agreement:.2%} of the labels that its file gives here (wanted "
                f"{LEAST_AGREEMENT:.0%}): the server's ONNX Runtime, its precision or its repository is another one"
            )
        return f"where it serves, {agreement:.2%} of a picture's labels are those of the check"

    def keep(self, model: str, numbers: Sequence[int]) -> None:
        """Has all but these versions of a model freed, as the repository says already. Raises Unavailable."""
        self._inference.keep(model, numbers)

    def _answer(self, ref: VersionRef, picture: NDArray[np.uint8], kept: Sequence[int]) -> Answer:
        until = time.monotonic() + self._patience
        while True:
            try:
                # The number may have been another file's, whose trial failed: what is loaded under it must go.
                self._inference.keep(ref.model, kept)
                self._inference.load(ref, self._grid)
                return self._inference.submit(ref, picture).result(ANSWER_SECONDS)
            except Unavailable:
                if time.monotonic() >= until:
                    raise
                threading.Event().wait(PAUSE_SECONDS)
            except FutureTimeout as error:
                raise InvalidModel(f"{ref} was loaded and gave no answer in {ANSWER_SECONDS:g} s") from error
