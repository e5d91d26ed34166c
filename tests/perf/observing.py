"""What figures cost: processor time of one question to a network, measured and bare."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

import numpy as np

from madseg.core.messages import VersionRef
from madseg.observing.measured import MeasuredInference
from madseg.ports import Answer, Inference
from tests.contracts.fakes import FakeInference
from tests.perf.rows import Row, share

QUESTIONS = 20_000
ROUNDS = 7
VERSION = VersionRef("bench", 1)
PICTURE = np.zeros((4, 4, 3), np.uint8)


class Silent(FakeInference):
    """Answers at once, and nothing."""

    def submit(self, version: VersionRef, picture: object) -> Future[Answer]:
        answer: Future[Answer] = Future()
        answer.set_result(Answer(PICTURE[..., 0], None))
        return answer


def measure() -> Row:
    """figures_us: of what happens for every picture and version, which is what happens most often."""
    bare = Silent({})
    measured = MeasuredInference(bare)
    ours, without = [], []
    for _ in range(ROUNDS):
        ours.append(_microseconds(partial(_ask, measured)))
        without.append(_microseconds(partial(_ask, bare)))
    detail = "processor time of a question with figures and traces off; baseline: the same question unmeasured"
    return share("figures_us", "us a prediction", ours, without, detail)


def _ask(inference: Inference) -> None:
    for _ in range(QUESTIONS):
        inference.submit(VERSION, PICTURE)


def _microseconds(act: Callable[[], None]) -> float:
    begun = time.thread_time()
    act()
    return (time.thread_time() - begun) / QUESTIONS * 1e6
