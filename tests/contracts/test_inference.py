"""What every inference keeps to."""

import threading
from concurrent.futures import Future

import numpy as np
import pytest
from numpy.typing import NDArray

from madseg.core.errors import Conflict, InvalidInput, InvalidModel, MadsegError, NotFound
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Answer, Inference
from tests.contracts.networks import BRITTLE, ENDLESS, GREEN, GRID, MISFITS, RED, TURNED_GREEN

SECONDS = 30


def picture(seed: int = 0) -> NDArray[np.uint8]:
    """A picture on the grid whose red is below 200."""
    return np.random.default_rng(seed).integers(0, 200, (GRID.height, GRID.width, 3), np.uint8)


def test_labels_and_entropy_come_back(inference: Inference) -> None:
    """Labels on the grid, the entropy of the picture."""
    inference.load(RED, GRID)
    answer = inference.submit(RED, picture()).result(SECONDS)
    assert np.uint8 == answer.labels.dtype
    np.testing.assert_array_equal(answer.labels, picture()[:, :, 0])
    assert answer.mean_entropy == pytest.approx(picture()[:, :, 0].mean() / 255, rel=1e-5)


def test_a_network_without_entropy_has_none(inference: Inference) -> None:
    """Which is not an entropy of zero."""
    inference.load(GREEN, GRID)
    assert inference.submit(GREEN, picture()).result(SECONDS).mean_entropy is None


def test_versions_of_one_model_are_told_apart(inference: Inference) -> None:
    """Each answers for itself."""
    inference.load(RED, GRID)
    inference.load(TURNED_GREEN, GRID)
    np.testing.assert_array_equal(inference.submit(RED, picture()).result(SECONDS).labels, picture()[:, :, 0])
    np.testing.assert_array_equal(inference.submit(TURNED_GREEN, picture()).result(SECONDS).labels, picture()[:, :, 1])


def test_a_picture_may_lie_any_way_in_memory(inference: Inference) -> None:
    """A view that isn't contiguous is the picture that it shows."""
    inference.load(RED, GRID)
    mirrored = picture()[:, ::-1]
    np.testing.assert_array_equal(inference.submit(RED, mirrored).result(SECONDS).labels, mirrored[:, :, 0])


def test_an_unknown_version_is_not_found(inference: Inference) -> None:
    """Neither an unknown model nor an unknown version of a known one."""
    for version in (VersionRef("nobody", 1), VersionRef("red", 3)):
        with pytest.raises(NotFound, match=str(version)):
            inference.load(version, GRID)


@pytest.mark.parametrize("version", MISFITS, ids=str)
def test_a_wrong_signature_is_refused(inference: Inference, version: VersionRef) -> None:
    """The message names the version, and it isn't loaded."""
    with pytest.raises(InvalidModel, match=str(version)):
        inference.load(version, GRID)
    with pytest.raises(NotFound):
        inference.submit(version, picture()).result(SECONDS)


def test_a_version_that_is_not_loaded_fails_the_future(inference: Inference) -> None:
    """`submit` itself doesn't raise."""
    future = inference.submit(RED, picture())
    with pytest.raises(NotFound, match="red/1"):
        future.result(SECONDS)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((GRID.width, GRID.height, 3), np.uint8),
        np.zeros((GRID.height, GRID.width), np.uint8),
        np.zeros((GRID.height, GRID.width, 3), np.float32),
    ],
    ids=["turned", "grey", "float"],
)
def test_a_picture_off_the_grid_fails_the_future(inference: Inference, wrong: NDArray[np.uint8]) -> None:
    """With what was wanted and what came."""
    inference.load(RED, GRID)
    with pytest.raises(InvalidInput, match="red/1"):
        inference.submit(RED, wrong).result(SECONDS)


def test_a_failing_network_fails_this_picture_alone(inference: Inference) -> None:
    """The message names the version; the next picture is answered."""
    inference.load(BRITTLE, GRID)
    bright = np.full((GRID.height, GRID.width, 3), 255, np.uint8)
    with pytest.raises(MadsegError, match="brittle/1") as failure:
        inference.submit(BRITTLE, bright).result(SECONDS)
    assert MadsegError is failure.type
    np.testing.assert_array_equal(inference.submit(BRITTLE, picture()).result(SECONDS).labels, picture()[:, :, 0])


def test_an_entropy_that_is_no_number_is_a_failure(inference: Inference) -> None:
    """It would poison every mean it goes into."""
    inference.load(ENDLESS, GRID)
    with pytest.raises(MadsegError, match="endless/1"):
        inference.submit(ENDLESS, np.zeros((GRID.height, GRID.width, 3), np.uint8)).result(SECONDS)


def test_loading_twice_does_nothing(inference: Inference) -> None:
    """It stays ready."""
    inference.load(RED, GRID)
    inference.load(RED, GRID)
    assert inference.submit(RED, picture()).result(SECONDS).labels.shape == (GRID.height, GRID.width)


def test_an_unloaded_version_answers_no_more(inference: Inference) -> None:
    """Until it is loaded again; unloading twice is fine."""
    inference.load(RED, GRID)
    inference.unload(RED)
    inference.unload(RED)
    with pytest.raises(NotFound):
        inference.submit(RED, picture()).result(SECONDS)
    inference.load(RED, GRID)
    inference.submit(RED, picture()).result(SECONDS)


def test_what_the_repository_s_owner_keeps_answers_on(inference: Inference) -> None:
    """The model's other versions don't, nor does a model of which nothing is kept, until they are loaded again."""
    for version in (RED, TURNED_GREEN, GREEN):
        inference.load(version, GRID)
    inference.keep("red", (2,))
    inference.keep("green", ())
    np.testing.assert_array_equal(inference.submit(TURNED_GREEN, picture()).result(SECONDS).labels, picture()[:, :, 1])
    for version in (RED, GREEN):
        with pytest.raises(NotFound):
            inference.submit(version, picture()).result(SECONDS)
        inference.load(version, GRID)
        assert inference.submit(version, picture()).result(SECONDS).labels.shape == (GRID.height, GRID.width)


def test_many_threads_get_their_own_answers(inference: Inference) -> None:
    """Eight threads, three networks, while another version comes and goes."""
    for version in (RED, GREEN, BRITTLE):
        inference.load(version, GRID)
    answers: dict[tuple[int, int], tuple[Future[Answer], Future[Answer]]] = {}

    def ask(thread: int) -> None:
        for number in range(25):
            shown = picture(thread * 1000 + number)
            answers[thread, number] = inference.submit(RED, shown), inference.submit(GREEN, shown)

    threads = [threading.Thread(target=ask, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        inference.unload(BRITTLE)
        inference.load(BRITTLE, GRID)
    for thread in threads:
        thread.join()
    assert len(answers) == 200
    for (thread_number, number), (red, green) in answers.items():
        shown = picture(thread_number * 1000 + number)
        np.testing.assert_array_equal(red.result(SECONDS).labels, shown[:, :, 0])
        np.testing.assert_array_equal(green.result(SECONDS).labels, shown[:, :, 1])


def test_what_it_runs_on_is_one_line(inference: Inference) -> None:
    """For the start-up log."""
    assert inference.describe()
    assert "\n" not in inference.describe()


def test_closing_waits_for_what_was_submitted(inference: Inference) -> None:
    """Afterwards nothing is answered; closing twice is fine."""
    inference.load(RED, GRID)
    futures = [inference.submit(RED, picture(seed)) for seed in range(50)]
    inference.close()
    inference.close()
    assert all(future.done() and future.exception() is None for future in futures)
    with pytest.raises(Conflict, match="closed"):
        inference.submit(RED, picture()).result(SECONDS)
    with pytest.raises(Conflict, match="closed"):
        inference.load(RED, Size(6, 8))
