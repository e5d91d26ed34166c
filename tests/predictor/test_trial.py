"""What a version must pass before it serves."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from madseg.core.errors import InvalidModel, MadsegError, Unavailable
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Answer
from madseg.predictor.running import Network
from madseg.predictor.trial import Trial
from tests.contracts.fakes import FakeInference
from tests.predictor.networks import GRID
from tests.predictor.test_repository import served

NET = VersionRef("net", 2)
SIZE = Size(*GRID)


class Away(FakeInference):
    """Doesn't answer the first times."""

    def __init__(self, times: int) -> None:
        super().__init__({NET: the_file_s})
        self._times = times

    def keep(self, model: str, numbers: Sequence[int]) -> None:
        if self._times:
            self._times -= 1
            raise Unavailable("nobody is there")
        super().keep(model, numbers)


def the_file_s(picture: NDArray[np.uint8]) -> Answer:
    """What the served file answers."""
    return Answer(Network(served()).run(["labels"], {"image": picture[None]})[0][0], None)


def half_of_the_file_s(picture: NDArray[np.uint8]) -> Answer:
    """The right half of the labels is another one's."""
    labels = the_file_s(picture).labels.copy()
    labels[:, GRID[1] // 2 :] = 255
    return Answer(labels, None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The served file."""
    (tmp_path / "model.onnx").write_bytes(served())
    return tmp_path / "model.onnx"


def test_a_version_that_answers_as_its_file_passes(path: Path) -> None:
    """It is loaded beside those that serve, after the server was told what the files say."""
    inference = FakeInference({NET: the_file_s})
    said = Trial(inference, SIZE)(NET, path, (1,))
    assert said == "where it serves, 100.00% of a picture's labels are those of the check"
    assert (inference.kept, inference.asked) == ([("net", (1, 2))], [NET])


def test_a_version_that_answers_otherwise_fails(path: Path) -> None:
    """Another file by that number, or a picture that arrives garbled."""
    with pytest.raises(InvalidModel, match=r"net/2 gives 50\.00% of the labels that its file gives here"):
        Trial(FakeInference({NET: half_of_the_file_s}), SIZE)(NET, path, ())


@pytest.mark.parametrize("error", [InvalidModel("net/2 can't be loaded"), MadsegError("net/2 burnt out")])
def test_its_errors_are_the_reason(path: Path, error: MadsegError) -> None:
    """Of loading and of answering."""

    def failing(_picture: NDArray[np.uint8]) -> Answer:
        raise error

    with pytest.raises(type(error), match=str(error)):
        Trial(FakeInference({NET: failing}), SIZE)(NET, path, ())
    with pytest.raises(type(error), match=str(error)):
        Trial(FakeInference({}, {NET: error}), SIZE)(NET, path, ())


def test_a_server_that_is_away_for_a_moment_is_waited_for(path: Path) -> None:
    """And one that stays away is Unavailable."""
    assert Trial(Away(2), SIZE)(NET, path, ())
    with pytest.raises(Unavailable, match="nobody is there"):
        Trial(Away(99), SIZE, patience=0)(NET, path, ())
