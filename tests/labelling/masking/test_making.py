"""Which tasks there are, and for whom."""

from collections import Counter

import pytest

from madseg.client import CampaignPlan, Forbidden, InvalidArgument, NotFound, NotReady
from madseg.client.values.masks import MaskPurpose, MaskTaskState
from madseg.core.errors import Unavailable as Away
from madseg.labelling.masking import making
from madseg.labelling.scoring.errands import Errands
from madseg.ports import Database
from tests.labelling.fakes import add_set, image, neighbours
from tests.labelling.masking.studio import Studio, add_lane, closed_campaign


def test_tasks_are_split_evenly_and_five_in_a_hundred_are_drawn_twice(studio: Studio) -> None:
    """S by rank, then T; the second mask is somebody else's, and a second call adds nothing."""
    otto = studio.otto
    made = otto.create_mask_tasks(annotators=["ann", "ben"], double_share=0.4)
    assert (made.created, made.present) == (7, 0)
    sets, found = otto.chosen_sets(), list(otto.mask_tasks(page_size=2))
    assert [item.image_id for item in found[:5]] == [x.image_id for x in (*sets.counterexamples, *sets.test)]
    assert [item.annotator for item in found[:5]] == ["ann", "ben", "ann", "ben", "ann"]
    first = {item.image_id: item for item in found[:5]}
    for item in found[5:]:
        assert item.purpose is MaskPurpose.SECOND_OPINION
        assert item.annotator == {"ann": "ben", "ben": "ann"}[first[item.image_id].annotator]
    assert {item.state for item in found} == {MaskTaskState.WAITING}
    assert {str(item.target) for item in found[:3]} == {"ours/1"}
    assert {item.target for item in found[3:5]} == {None}
    again = otto.create_mask_tasks(annotators=["ann", "ben"], double_share=0.4)
    assert (again.created, again.present) == (0, 5)
    assert otto.create_mask_tasks(annotators=["ann", "ben"]).created == 0
    assert otto.create_mask_tasks(annotators=["ann", "ben"], double_share=1).created == 3
    loads = Counter(item.annotator for item in otto.mask_tasks())
    assert set(loads.values()) == {5}


def test_the_same_images_are_drawn_twice_whoever_draws(database: Database) -> None:
    """The split is told by the campaign: two calls on two copies of it agree."""
    around = neighbours(12)
    closed_campaign(database, around, s=6)
    made = making.create(database, around, "", ["ann"], 0.0, "otto", 1)
    doubled = making.create(database, around, "", [], 0.25, "otto", 2)
    assert (made.created, made.present, doubled.created, doubled.present) == (8, 0, 2, 8)
    assert making.create(database, around, "", ["ben", "cat"], 0.25, "otto", 3).created == 0


def test_an_image_that_the_gateway_has_forgotten_gets_no_task(database: Database) -> None:
    """The others do; where the gateway is away, nothing is made."""
    around = neighbours(12)
    closed_campaign(database, around)
    around.away = True
    with pytest.raises(Away):
        making.create(database, around, "", [], 0.0, "otto", 1)
    around.away = False
    del around.pictures[image(0)]
    assert making.create(database, around, "", [], 0.0, "otto", 1).created == 4


def test_lists_are_filtered_and_paged(studio: Studio) -> None:
    """By state, purpose, annotator and campaign."""
    otto, ann = studio.otto, studio.person("ann")
    otto.create_mask_tasks(annotators=["ann", "ben"], double_share=0)
    task = ann.take_mask_task()
    assert task is not None
    assert [item.id for item in otto.mask_tasks(state="drawing")] == [task.id]
    assert len(list(otto.mask_tasks(purpose="test"))) == 2
    assert len(list(otto.mask_tasks(annotator="ann", page_size=1))) == 3
    assert len(list(otto.mask_tasks(otto.campaign().id))) == 5
    with pytest.raises(NotFound, match="no campaign"):
        list(otto.mask_tasks("f" * 32))
    with pytest.raises(InvalidArgument, match="page_size"):
        otto.mask_task_page(page_size=1001)
    for token in ("x", "bm90aGluZw==", otto.opinion_page(page_size=1).next_page_token):
        with pytest.raises(InvalidArgument, match="page_token"):
            otto.mask_task_page(page_token=token)
    with pytest.raises(InvalidArgument, match="state must be one of"):
        otto.mask_task_page(state="lost")
    with pytest.raises(NotFound, match="no mask task"):
        otto.mask_task("a" * 32)


def test_wrong_splits_are_refused(studio: Studio) -> None:
    """A share that is none, a name that can't be."""
    otto = studio.otto
    for share in (-0.1, 1.1, float("nan")):
        with pytest.raises(InvalidArgument, match="double_share"):
            otto.create_mask_tasks(double_share=share)
    for names in ([""], ["a" * 65], ["a\nb"], [" ann"]):
        with pytest.raises(InvalidArgument, match="name"):
            otto.create_mask_tasks(annotators=names)
    with pytest.raises(NotFound, match="no campaign"):
        otto.create_mask_tasks("f" * 32)
    assert list(otto.mask_tasks()) == []


def test_tasks_wait_for_sets_to_be_chosen(studio: Studio) -> None:
    """An open campaign has neither S nor T; without a name the newest closed one counts."""
    otto = studio.otto
    opened = otto.create_campaign()
    with pytest.raises(NotFound, match="has chosen nothing yet"):
        otto.create_mask_tasks(opened.id)
    assert otto.create_mask_tasks(double_share=0).created == 5


def test_images_of_ones_own_choice(studio: Studio) -> None:
    """The random lane is measured on and never trained on, nor is T; counterexamples aren't mined any more."""
    otto, lane = studio.otto, add_lane(studio.around, 100)
    added = otto.add_mask_tasks([lane, lane], "random_lane")
    assert (added.created, added.present) == (1, 0)
    assert otto.add_mask_tasks([lane], "random_lane").present == 1
    free = next(item.image_id for item in otto.chosen_sets().just_missed)
    assert otto.add_mask_tasks([free], "counterexample").created == 1
    found = list(otto.mask_tasks())
    assert [(item.purpose, item.target, item.campaign_id) for item in found] == [
        (MaskPurpose.RANDOM_LANE, None, ""),
        (MaskPurpose.COUNTEREXAMPLE, None, otto.chosen_sets().campaign_id),
    ]
    test = otto.chosen_sets().test[0].image_id
    for images, purpose, problem in (
        ([lane], "counterexample", "never trained on"),
        ([test], "counterexample", "is of a T"),
        ([free], "random_lane", "not in the random lane"),
        ([lane], "test", "RANDOM_LANE, COUNTEREXAMPLE or CONTEST"),
        (["../../etc"], "random_lane", "32 lower-case hexadecimal"),
        ([], "random_lane", r"1\.\.1000, got 0"),
        ([image(1)] * 1001, "random_lane", r"1\.\.1000, got 1001"),
    ):
        with pytest.raises(InvalidArgument, match=problem):
            otto.add_mask_tasks(images, purpose)
    with pytest.raises(NotFound, match="has no image"):
        otto.add_mask_tasks([image(999)], "random_lane")
    assert len(list(otto.mask_tasks())) == 2


def test_a_task_of_a_name_goes_to_that_name(studio: Studio) -> None:
    """Each has own tasks first, then those that are nobody's; an admin frees the tasks of who has left."""
    otto, ann, ben = studio.otto, studio.person("ann"), studio.person("ben")
    otto.create_mask_tasks(annotators=["ann"], double_share=0)
    lane = otto.add_mask_tasks([add_lane(studio.around, 100)], "random_lane")
    assert lane.created == 1
    found = list(otto.mask_tasks())
    task = ben.take_mask_task()
    assert task is not None
    assert task.id == found[5].id
    with pytest.raises(Forbidden, match="is ann's"):
        ben.take_mask_task(found[0].id)
    with pytest.raises(Forbidden, match="not yours"):
        ben.return_mask_task(found[0].id)
    studio.served.client("root").return_mask_task(found[0].id)
    taken = ben.take_mask_task(found[0].id)
    assert taken is not None
    assert taken.annotator == "ben"
    mine = ann.take_mask_task()
    assert mine is not None
    assert mine.id == found[1].id


def test_two_people_draw_an_image_that_is_drawn_twice(studio: Studio) -> None:
    """Neither gets the other mask, whichever comes first."""
    otto, ann, ben = studio.otto, studio.person("ann"), studio.person("ben")
    otto.create_mask_tasks(double_share=1)
    for _ in range(5):
        assert studio.drawn(ann).purpose is not MaskPurpose.SECOND_OPINION
    assert ann.take_mask_task() is None
    second = next(iter(otto.mask_tasks(purpose="second_opinion")))
    with pytest.raises(Forbidden, match="the other mask of this image"):
        ann.take_mask_task(second.id)
    for _ in range(5):
        assert studio.drawn(ben).purpose is MaskPurpose.SECOND_OPINION
    assert ben.take_mask_task() is None


def test_a_third_reviews_where_there_is_one(studio: Studio) -> None:
    """Who drew the other mask gets it last, and only where nothing else is left."""
    otto, ann, ben, cat = studio.otto, studio.person("ann"), studio.person("ben"), studio.person("cat")
    otto.create_mask_tasks(annotators=["ann"], double_share=0)
    otto.create_mask_tasks(annotators=["ben"], double_share=0.2)
    (second,) = otto.mask_tasks(purpose="second_opinion")
    (first,) = (item for item in otto.mask_tasks() if item.image_id == second.image_id and item.id != second.id)
    plain = next(item for item in otto.mask_tasks() if item.image_id != second.image_id)
    studio.drawn(ben, 2, ben.take_mask_task(second.id))
    studio.drawn(ann, 1, ann.take_mask_task(first.id))
    studio.drawn(ann, 1, ann.take_mask_task(plain.id))
    taken = ben.take_review()
    assert taken is not None
    assert taken.id == plain.id
    third = cat.take_review()
    assert third is not None
    assert third.id in (first.id, second.id)


def test_counterexamples_of_ones_own_choice_are_trained_on_and_never_tested(studio: Studio) -> None:
    """Their masks come out with those of the S that they stand beside; no later T or S has them."""
    otto, ann, ben = studio.otto, studio.person("ann"), studio.person("ben")
    before = otto.chosen_sets()
    free = before.just_missed[0].image_id
    otto.add_mask_tasks([free], "counterexample", campaign_id=before.campaign_id)
    studio.accepted(ann, ben)
    exported = otto.export_masks(before.campaign_id, purpose="counterexample")
    assert [item.image_id for item in exported] == [free]
    opened = otto.create_campaign(plan=CampaignPlan(raters=1, counterexamples=9, test_reserved=9, test_reported=9))
    after = otto.choose_sets(opened.id, allow_incomplete=True)
    assert free not in {item.image_id for item in (*after.test, *after.counterexamples)}
    assert len(after.test) == 12 - 5 - 1


def test_counterexamples_of_ones_own_choice_need_a_campaign_that_is_closed(studio: Studio) -> None:
    """Else nothing would be trained on with them; one in line has its task then, and another takes the place in S."""
    otto, ann = studio.otto, studio.person("ann")
    opened = otto.create_campaign()
    with pytest.raises(NotReady, match="has chosen no S yet"):
        otto.add_mask_tasks([image(3)], "counterexample", campaign_id=opened.id)
    free, following = (item.image_id for item in otto.chosen_sets().just_missed[:2])
    otto.create_mask_tasks(double_share=0)
    otto.add_mask_tasks([free], "counterexample")
    ours = otto.chosen_sets().counterexamples[0].image_id
    task = next(item for item in otto.mask_tasks(purpose="counterexample") if item.image_id == ours)
    ann.take_mask_task(task.id)
    assert ann.send_back_image(task.id, "a drawing").replacement_image_id == following
    assert [item.image_id for item in otto.mask_tasks(purpose="counterexample")].count(free) == 1


def test_one_that_was_added_may_be_out_of_domain(studio: Studio) -> None:
    """Also one that is in no campaign; nobody takes its place, and it isn't kept out for training any more."""
    otto, ann = studio.otto, studio.person("ann")
    free = otto.chosen_sets().just_missed[0].image_id
    add_set(studio.around, [77], "f" * 32)
    otto.add_mask_tasks([free, image(77)], "counterexample")
    for _ in range(2):
        task = ann.take_mask_task()
        assert task is not None
        assert ann.send_back_image(task.id, "a drawing").replacement_image_id == ""
    Errands(studio.database, studio.around, lambda: 1)()
    assert studio.around.excluded_for("veto") == {free, image(77)}
    assert {free, image(77)}.isdisjoint(studio.around.excluded_for("training"))
