"""What a mask is begun from."""

import numpy as np
import pytest

from madseg.client import Forbidden, InvalidArgument, NotFound, Unavailable
from madseg.client.values.common import Box
from madseg.client.values.masks import MaskTask
from madseg.core.counterexamples import majority
from madseg.core.label_map import LabelMap, decode, encode, from_dense
from madseg.core.masks import empty, to_original
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from tests.labelling.fakes import GRID, OTHERS, OURS, THEIRS
from tests.labelling.masking.studio import CROP, SIZE, Studio, add_lane


def on_original(canonical: LabelMap) -> bytes:
    """In wire form."""
    return encode(to_original(canonical, SIZE, CROP))


def background() -> bytes:
    """The empty mask: VOC's background, which isn't ranked, inside the crop."""
    return encode(empty(SIZE, CROP, 0))


@pytest.fixture
def task(studio: Studio) -> MaskTask:
    """One of S."""
    studio.otto.create_mask_tasks(double_share=0)
    found = studio.person("ann").take_mask_task()
    assert found is not None
    return found


def test_a_counterexample_begins_with_the_targets_map(studio: Studio, task: MaskTask) -> None:
    """Or with a competitor's, the majority's, or nothing, all on the original's grid."""
    ann, maps = studio.person("ann"), studio.around.maps[task.image_id]
    stored = {ref: decode(maps[ref]) for ref in maps}
    assert ann.mask_start(task.id).label_map == on_original(stored[OURS])
    assert ann.mask_start(task.id, "target").label_map == on_original(stored[OURS])
    for name in ("theirs/1", "theirs"):
        assert ann.mask_start(task.id, "competitor", name).label_map == on_original(stored[THEIRS])
    most = majority(list(stored.values()))
    assert ann.mask_start(task.id, "majority").label_map == on_original(most)
    assert ann.mask_start(task.id, "empty").label_map == background()


def test_starts_that_are_not_there(studio: Studio, task: MaskTask) -> None:
    """No competitor named, one that isn't known, an image without maps."""
    ann = studio.person("ann")
    with pytest.raises(InvalidArgument, match="which competitor"):
        ann.mask_start(task.id, "competitor")
    for name in ("nobody", "theirs/7"):
        with pytest.raises(NotFound, match=f"no label map of image {task.image_id} by {name}"):
            ann.mask_start(task.id, "competitor", name)
    with pytest.raises(InvalidArgument, match="start must be one of"):
        ann.mask_start(task.id, "half")
    studio.around.away = True
    with pytest.raises(Unavailable, match="does not answer"):
        ann.mask_start(task.id)
    studio.around.away = False
    studio.around.maps[task.image_id] = {}
    assert ann.mask_start(task.id).label_map == background()
    for start in ("target", "majority"):
        with pytest.raises(NotFound):
            ann.mask_start(task.id, start)


def test_regions_of_disagreement_come_first(studio: Studio, task: MaskTask) -> None:
    """In pixels of the original; of the target only the task's version has a say, of others the newest."""
    ann, whole = studio.person("ann"), Size(64, 64)
    plain = np.ones((64, 64), np.uint8)
    other = plain.copy()
    other[8:32, 16:48] = 2
    maps = {
        OURS: plain,
        VersionRef("ours", 2): np.full((64, 64), 9, np.uint8),
        VersionRef("theirs", 3): np.full((64, 64), 8, np.uint8),
        VersionRef("theirs", 10): other,
        OTHERS: plain,
    }
    studio.around.maps[task.image_id] = {ref: encode(from_dense(item)) for ref, item in maps.items()}
    assert whole.pixels > GRID.pixels
    begun = ann.mask_start(task.id)
    assert begun.disagreements == (Box(6, 2, 8, 6),)
    assert begun.label_map == on_original(from_dense(plain))
    assert ann.mask_start(task.id, "competitor", "theirs/3").label_map == on_original(
        from_dense(maps[VersionRef("theirs", 3)])
    )
    assert ann.mask_start(task.id, "majority").label_map == on_original(from_dense(plain))


def test_no_model_has_a_hand_in_what_measures_it(studio: Studio, task: MaskTask) -> None:
    """T, the random lane, and second masks of these are begun empty, and told no disagreement."""
    otto, ann = studio.otto, studio.person("ann")
    otto.add_mask_tasks([add_lane(studio.around, 100)], "random_lane")
    otto.create_mask_tasks(double_share=1)
    tests = {item.image_id for item in otto.mask_tasks(purpose="test")}
    measured = [item for item in otto.mask_tasks() if item.purpose.value == "random_lane" or item.image_id in tests]
    assert len(measured) == 5
    studio.around.away = True
    for item in measured:
        assert item.target is None
        for start in (None, "empty"):
            begun = ann.mask_start(item.id, start)
            assert (begun.label_map, begun.disagreements) == (background(), ())
        for start, competitor in (("target", None), ("majority", None), ("competitor", "theirs/1")):
            with pytest.raises(Forbidden, match="begun empty"):
                ann.mask_start(item.id, start, competitor)


def test_a_second_mask_begins_empty(studio: Studio, task: MaskTask) -> None:
    """Two people that mend the same map agree too well; who asks for it gets it."""
    studio.otto.create_mask_tasks(double_share=1)
    second = next(item for item in studio.otto.mask_tasks(purpose="second_opinion") if item.image_id == task.image_id)
    ben = studio.person("ben")
    assert ben.mask_start(second.id).label_map == background()
    assert ben.mask_start(second.id, "target").label_map == on_original(decode(studio.around.maps[task.image_id][OURS]))


def test_a_task_without_a_target(studio: Studio) -> None:
    """Of one's own choice: it begins empty, or with what most models say."""
    otto, ann = studio.otto, studio.person("ann")
    free = otto.chosen_sets().just_missed[0].image_id
    otto.add_mask_tasks([free], "counterexample")
    task = ann.take_mask_task()
    assert task is not None
    assert ann.mask_start(task.id).label_map == background()
    assert ann.mask_start(task.id, "majority").label_map != background()
    with pytest.raises(InvalidArgument, match="has no target"):
        ann.mask_start(task.id, "target")
