"""A campaign is ended before its time: nobody is asked any more, nothing that was said or drawn is lost."""

import time
from collections.abc import Callable

import pytest

from madseg.client import CampaignState, Forbidden, InvalidArgument, MaskTaskState, NotFound, NotReady
from madseg.core import errors
from madseg.labelling.cancelling import cancel
from madseg.ports import Database
from madseg.security.access import Role
from tests.labelling.fakes import image, neighbours
from tests.labelling.masking.studio import Studio, mask
from tests.labelling.scoring.desk import Desk


def until(holds: Callable[[], bool]) -> None:
    """Waits for it."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_open_campaign_asks_nobody_any_more(database: Database) -> None:
    """What was leased can't be judged, nothing can be chosen; a second call changes nothing."""
    desk = Desk(database, neighbours(6))
    made = desk.open(raters=2)
    (held,) = desk.take("ada")
    desk.grade("ada", held, 2)
    (held,) = desk.take("ada")
    for _ in range(2):
        assert cancel(database, made.kept.id, "otto", desk.now) == 0
    assert desk.progress(made.kept.id).kept.state == "cancelled"
    for refused in (
        lambda: desk.grade("ada", held, 2),
        lambda: desk.take("ben", campaign=made.kept.id),
        lambda: desk.choose(made.kept.id, allow_incomplete=True),
        lambda: desk.undo("ada", made.kept.id),
    ):
        with pytest.raises(errors.NotReady, match="was cancelled"):
            refused()
    with pytest.raises(errors.NotFound):
        desk.take("ben")


def test_what_was_said_carries_over(database: Database) -> None:
    """The next campaign over the same maps has the grades, and its vetoes."""
    desk = Desk(database, neighbours(4))
    made = desk.open(raters=1, repeat_share=0.0)
    (first,) = desk.take("ada")
    desk.grade("ada", first, 1)
    (second,) = desk.take("ada")
    desk.veto("ada", second)
    cancel(database, made.kept.id, "otto", desk.now)
    following = desk.open(raters=1, repeat_share=0.0)
    assert (following.kept.carried, following.finished) == (1, 2)
    assert {item.image_id for item in desk.take("ben", 4)} == {image(number) for number in range(4)} - {
        first.image_id,
        second.image_id,
    }


def test_a_closed_one_keeps_what_is_drawn(studio: Studio) -> None:
    """Tasks that aren't accepted are cancelled; their images leave S and T and may be mined again."""
    otto, ann, cat = studio.otto, studio.person("ann"), studio.person("cat")
    otto.create_mask_tasks(double_share=0)
    campaign = next(otto.campaigns()).id
    before = otto.chosen_sets()
    first = studio.accepted(ann, cat)
    drawn = ann.take_mask_task()
    assert drawn is not None
    ann.save_mask(drawn.id, mask(), 0)
    with pytest.raises(Forbidden):
        ann.cancel_campaign(campaign)
    found = otto.cancel_campaign(campaign)
    assert found.state is CampaignState.CLOSED
    states = {item.id: item.state for item in otto.mask_tasks()}
    assert states.pop(first.id) is MaskTaskState.ACCEPTED
    assert set(states.values()) == {MaskTaskState.CANCELLED}
    after = otto.chosen_sets(campaign)
    assert [item.image_id for item in (*after.counterexamples, *after.test)] == [first.image_id]
    left = {item.image_id for item in (*before.counterexamples, *before.test)} - {first.image_id}
    kept_out = studio.around.excluded_for
    until(lambda: not left & (kept_out("training") | kept_out("test")))
    with pytest.raises((NotReady, Forbidden)):
        ann.save_mask(drawn.id, mask(), 1)
    assert ann.take_mask_task() is None
    assert otto.cancel_campaign(campaign) == found
    assert [item.image_id for item in otto.export_masks()] == [first.image_id]
    assert otto.mask_revision(drawn.id).label_map == mask()


def test_images_that_left_may_be_chosen_again(studio: Studio) -> None:
    """By the next campaign over the same set."""
    otto = studio.otto
    campaign = next(otto.campaigns()).id
    before = otto.chosen_sets(campaign)
    otto.cancel_campaign(campaign)
    desk = Desk(studio.database, studio.around)
    desk.open(raters=1, counterexamples=len(before.counterexamples), test_reserved=len(before.test))
    again = desk.choose()
    chosen = {item.image_id for item in (*again.counterexamples, *again.test)}
    assert chosen & {item.image_id for item in before.counterexamples}


def test_what_can_t_be_cancelled(studio: Studio) -> None:
    """No campaign, one that isn't there; and by nobody but operators."""
    with pytest.raises(InvalidArgument, match="campaign_id must be given"):
        studio.otto.cancel_campaign("")
    with pytest.raises(NotFound):
        studio.otto.cancel_campaign("f" * 32)
    with pytest.raises(Forbidden):
        studio.served.client("rita", Role.REVIEWER).cancel_campaign("f" * 32)
