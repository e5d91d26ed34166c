"""What people say of candidates, and their masks."""

from functools import cache

from madseg.core.candidates import Candidate
from madseg.core.confusion import confusion, mean_iou
from madseg.core.label_map import LabelMap, from_dense
from madseg.simulation.experiment.people import RATERS, People
from madseg.simulation.experiment.pictures import Picture
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import OUT_OF_DOMAIN, TRAINING, render

PEOPLE = People(seed=4)


@cache
def drawn(index: int, mode: str = TRAINING) -> Picture:
    """A scene as a picture."""
    scene = render(9, index, mode)
    return Picture(f"{index:032x}", scene.image, from_dense(scene.truth), mode, index)


def means(shown: dict[Picture, LabelMap]) -> list[float | None]:
    """The mean opinions of label maps, each shown beside its picture."""
    pictures = {item.image_id: item for item in shown}
    maps = {item.image_id: [found] for item, found in shown.items()}
    found = PEOPLE.score([Candidate(item) for item in pictures], pictures, maps, dict.fromkeys(pictures, 0.5))
    return [item.mean for item in found if not item.vetoed and item.complete]


def test_a_right_map_is_graded_above_an_empty_one() -> None:
    """On the mean of some scenes."""
    scenes = [drawn(index) for index in range(8)]
    empty = from_dense(drawn(0).truth.dense() * 0)
    right = [item for item in means({scene: scene.truth for scene in scenes}) if item is not None]
    wrong = [item for item in means(dict.fromkeys(scenes, empty)) if item is not None]
    assert min(len(right), len(wrong)) >= 6
    assert sum(right) / len(right) > sum(wrong) / len(wrong) + 2


def test_what_is_out_of_domain_is_vetoed() -> None:
    """By one of three who sees it."""
    scenes = [drawn(index, OUT_OF_DOMAIN) for index in range(6)]
    assert all(scene.out_of_domain for scene in scenes)
    pictures = {item.image_id: item for item in scenes}
    maps = {item.image_id: [item.truth] for item in scenes}
    found = PEOPLE.score([Candidate(item) for item in pictures], pictures, maps, dict.fromkeys(pictures, 0.5))
    assert sum(item.vetoed for item in found) >= 5


def test_the_same_image_is_scored_the_same_again() -> None:
    """In any company."""
    one, other = drawn(0), drawn(1)
    assert means({one: one.truth, other: other.truth})[0] == means({one: one.truth})[0]
    assert len(PEOPLE.raters) == RATERS + 1


def test_a_mask_is_close_to_the_truth_and_not_the_truth() -> None:
    """It was drawn by hand."""
    overlaps = []
    for index in range(4):
        scene = drawn(index)
        overlaps.append(mean_iou(confusion(scene.truth, PEOPLE.mask(scene), len(TAXONOMY))))
    assert 0.7 < sum(overlaps) / 4 < 1
