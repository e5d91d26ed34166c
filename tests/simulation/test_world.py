"""Any image of the world is fixed by seed, index and mode, and its truth fits the taxonomy."""

import hashlib

import numpy as np
import pytest

from madseg.core.errors import InvalidInput
from madseg.core.taxonomy import VOID
from madseg.simulation.modes import RENDER
from madseg.simulation.taxonomy import (
    BACKGROUND,
    BALLOON,
    BOAT,
    DOG,
    HOUSE,
    ROAD,
    SIGN,
    TAXONOMY,
    TREE,
)
from madseg.simulation.world import SIZE, TRAINING, WORLD, Scene, World, render

MODES = tuple(RENDER)
MANY = 250


def digest(scene: Scene) -> str:
    return hashlib.sha256(scene.image.tobytes() + scene.truth.tobytes()).hexdigest()


@pytest.fixture(scope="module")
def training() -> list[Scene]:
    return [render(11, index) for index in range(MANY)]


@pytest.fixture(scope="module")
def occurrence(training: list[Scene]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Share of training scenes in which each class has at least one pixel."""
    present = np.array([np.bincount(s.truth.ravel(), minlength=256)[: len(TAXONOMY)] > 0 for s in training])
    shares: np.ndarray[tuple[int], np.dtype[np.float64]] = present.mean(0)
    return shares


@pytest.mark.parametrize("mode", MODES)
def test_an_image_is_the_same_whatever_was_rendered_before(mode: str) -> None:
    """Seed and index fix the bytes, in any order."""
    forwards = [digest(render(3, index, mode)) for index in range(4)]
    backwards = [digest(render(3, index, mode)) for index in reversed(range(4))]
    assert forwards == backwards[::-1]
    assert len(set(forwards)) == 4


def test_another_seed_gives_other_images() -> None:
    """Fresh instances every time."""
    assert digest(render(3, 0)) != digest(render(4, 0))


@pytest.mark.parametrize("mode", MODES)
def test_an_image_has_the_canonical_grid_and_labels_of_the_taxonomy(mode: str) -> None:
    """(128, 128, 3) RGB bytes with a label for every pixel."""
    for index in range(6):
        scene = render(5, index, mode)
        assert scene.image.shape == (SIZE, SIZE, 3)
        assert scene.truth.shape == (SIZE, SIZE)
        assert scene.image.dtype == scene.truth.dtype == np.uint8
        assert set(np.unique(scene.truth)) <= {*range(len(TAXONOMY)), VOID}
        assert scene.mode == mode


def test_every_class_occurs(occurrence: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    """No class of the taxonomy is missing from the training domain."""
    assert len(TAXONOMY.ranked) == 12
    assert (occurrence > 0.02).all()


def test_classes_have_a_long_tail(occurrence: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    """The commonest things are in most scenes, the rarest in fewer than one of ten."""
    assert occurrence[[ROAD, TREE, HOUSE]].min() > 0.5
    assert occurrence[[BOAT, BALLOON]].max() < 0.1


def test_classes_have_several_sizes(training: list[Scene]) -> None:
    """A dog takes less than a tenth of a road's area, and a house many times as much as a sign."""
    areas = np.array([np.bincount(s.truth.ravel(), minlength=256)[: len(TAXONOMY)] for s in training], float)
    areas[areas == 0] = np.nan
    median = np.nanmedian(areas, axis=0)
    assert median[DOG] < median[ROAD] / 10
    assert median[SIGN] < median[HOUSE] / 4


def test_only_a_fence_leaves_void() -> None:
    """Elsewhere every pixel has an answer."""
    void = {mode for mode in MODES for index in range(4) if (render(6, index, mode).truth == VOID).any()}
    assert void == {"fenced"}


def test_out_of_domain_images_have_none_of_the_classes() -> None:
    """Their truth is background throughout."""
    assert all((render(7, index, "out_of_domain").truth == BACKGROUND).all() for index in range(12))


def test_a_poster_is_a_sign() -> None:
    """Whatever is shown on it."""
    assert all((render(8, index, "poster").truth == SIGN).mean() > 0.4 for index in range(8))


def test_another_frame_shows_the_same_scene_from_nearly_the_same_place() -> None:
    """Bytes differ, the picture hardly does."""
    first, second = render(9, 3), render(9, 3, frame=8)
    assert digest(first) != digest(second)
    assert (first.truth == second.truth).mean() > 0.9
    assert np.abs(first.image.astype(int) - second.image).mean() < 12


def test_other_textures_are_another_world() -> None:
    """The same seed in a world of other textures looks different; the usual world has texture 0."""
    assert WORLD.textures == 0
    assert digest(render(3, 0, TRAINING, World(textures=4))) != digest(render(3, 0))


def test_an_unknown_mode_is_refused_by_name() -> None:
    """The message says which modes there are."""
    with pytest.raises(InvalidInput, match=r"night.*got 'fog'"):
        render(0, 0, "fog")
    with pytest.raises(InvalidInput, match="0 or more"):
        render(0, -1)
