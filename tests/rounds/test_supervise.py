"""A round goes through its steps once each, waits where people are needed, and ends as it should."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from madseg.client import CampaignState, MaskPurpose, MaskTaskState, RunState, Version
from madseg.core.errors import NotFound, NotReady
from madseg.core.rounds import Outcome, Step
from madseg.ports import Database
from madseg.rounds import rounds
from madseg.rounds.tables import ROUNDS
from tests.rounds.desk import Desk
from tests.rounds.fakes import LANE


def test_a_round_from_its_beginning_to_the_replay(database: Database) -> None:
    """Every step once, in order, without a gap between two of them; what it made is on record."""
    desk = Desk(database)
    desk.start()
    ended = desk.until(Step.ENDED)
    assert (ended.outcome, ended.released, ended.notes) == (Outcome.RELEASED, 2, ())
    assert [item.step for item in ended.steps] == list(Step)
    assert all(item.ended is not None for item in ended.steps)
    assert (ended.candidates, ended.counterexamples, ended.test) == (10, 4, 3)
    assert len(desk.around.sets) == len(desk.around.opened) == len(desk.around.runs) == 1
    (run,) = desk.around.runs.values()
    assert run.plan.campaign_ids == (ended.campaign_id,)
    assert (run.plan.s0, run.plan.promote) == ("/srv/s0", False)


def test_the_next_round_begins_from_the_new_version_and_learns_from_all_before(desk: Desk) -> None:
    """S is accumulated."""
    desk.start()
    first = desk.until(Step.ENDED)
    desk.start()
    second = desk.until(Step.ENDED)
    assert (second.number, str(second.target), second.released) == (2, "small/2", 3)
    assert [*desk.around.runs.values()][-1].plan.campaign_ids == (first.campaign_id, second.campaign_id)


def test_one_round_of_a_target_at_a_time(desk: Desk) -> None:
    """A second one is refused; the same key is the same round, also once it has ended."""
    begun = desk.start("mine")
    with pytest.raises(NotReady, match=r"round 1 of small goes on \(mining\)"):
        desk.start("other")
    assert desk.start("mine").id == begun.id
    desk.until(Step.ENDED)
    assert desk.start("mine").id == begun.id


def test_it_waits_for_people_and_says_how_far_they_are(led: Desk) -> None:
    """Nothing goes on before all is scored, and all is drawn; second opinions hold nobody up."""
    led.start()
    scoring = led.until(Step.SCORING)
    led.around.scored(scoring.campaign_id, 4)
    led.turn(3)
    now = led.round()
    assert (now.step, now.done, now.total, now.notes) == (Step.SCORING, 4, 10, ("raters grade M",))
    led.around.scored(scoring.campaign_id)
    led.until(Step.DRAWING)
    led.turn(2)
    assert (led.round().done, led.round().total) == (0, 7)
    led.around.all_drawn()
    led.until(Step.TRAINING)


def test_mining_waits_until_the_target_has_met_all_images(led: Desk) -> None:
    """Its note says how many lack an answer."""
    led.around.missing[1] = 7
    led.start()
    led.turn(3)
    assert led.round().notes == ("small/1 still competes: 7 images lack an answer",)
    led.around.competed()
    led.until(Step.SCORING)


def test_evaluating_alone_waits_for_masks_of_t_and_ends(led: Desk) -> None:
    """Nothing is trained, and masks of S are not waited for."""
    led.start(evaluate_only=True)
    led.around.scored(led.until(Step.SCORING).campaign_id)
    led.until(Step.DRAWING)
    led.turn()
    assert led.round().total == 3
    led.around.all_drawn()
    ended = led.until(Step.ENDED)
    assert (ended.outcome, ended.run_id, led.around.runs) == (Outcome.EVALUATED, "", {})


def test_choices_and_releases_wait_for_a_word(desk: Desk) -> None:
    """Where the plan asks for it; a word for another step is refused."""
    begun = desk.start(approve_choice=True, approve_release=True)
    desk.until(Step.CHOOSING)
    desk.turn(3)
    assert (desk.round().step, desk.round().awaits) == (Step.CHOOSING, True)
    with pytest.raises(NotReady, match="doesn't wait for a word at training"):
        rounds.approve(desk.database, begun.id, Step.TRAINING, desk.now, despite=False)
    rounds.approve(desk.database, begun.id, Step.CHOOSING, desk.now, despite=False)
    desk.until(Step.TRAINING)
    desk.turn(10)
    assert desk.round().awaits
    assert desk.around.releasing == set()
    rounds.approve(desk.database, begun.id, Step.TRAINING, desk.now, despite=False)
    assert desk.until(Step.ENDED).outcome is Outcome.RELEASED


def test_scoring_is_ended_by_a_word_although_images_lack_judgements(led: Desk) -> None:
    """The word for the choice, said early."""
    begun = led.start(approve_choice=True)
    led.until(Step.SCORING)
    with pytest.raises(NotReady):
        rounds.approve(led.database, begun.id, Step.CHOOSING, led.now, despite=False)
    rounds.approve(led.database, begun.id, Step.CHOOSING, led.now, despite=True)
    rounds.approve(led.database, begun.id, Step.CHOOSING, led.now, despite=True)
    assert led.until(Step.DRAWING).counterexamples == 4


def test_what_the_gate_refuses_ends_the_round(desk: Desk) -> None:
    """With its reasons; nothing is released."""
    desk.around.passes = False
    desk.start()
    ended = desk.until(Step.ENDED)
    assert (ended.outcome, ended.notes) == (Outcome.REFUSED, ("mIoU on T0-report falls by 0.2",))
    assert desk.around.serving == [1]


def test_what_the_gate_refuses_may_be_released_by_a_word(desk: Desk) -> None:
    """Where releases wait for one; without `despite` it is asked for again."""
    desk.around.passes = False
    begun = desk.start(approve_release=True)
    desk.until(Step.TRAINING)
    desk.turn(6)
    assert (desk.round().awaits, desk.round().notes) == (True, ("mIoU on T0-report falls by 0.2",))
    rounds.approve(desk.database, begun.id, Step.TRAINING, desk.now, despite=False)
    desk.turn(2)
    assert desk.round().awaits
    rounds.approve(desk.database, begun.id, Step.TRAINING, desk.now, despite=True)
    assert (desk.until(Step.ENDED).outcome, desk.around.serving) == (Outcome.RELEASED, [1, 2])


def test_an_empty_m_fails_and_an_empty_s_is_refused(desk: Desk) -> None:
    """With the reason, before anybody works in vain."""
    images, desk.around.images = desk.around.images, []
    desk.start()
    ended = desk.until(Step.ENDED)
    assert ended.outcome is Outcome.FAILED
    assert "M is empty" in ended.notes[0]
    desk.around.images = images[:3]
    desk.start()
    ended = desk.until(Step.ENDED)
    assert (ended.outcome, "S is empty" in ended.notes[0]) == (Outcome.REFUSED, True)


@pytest.mark.parametrize("method", ["contests", "cut", "open_campaign", "choose", "make_tasks", "maps", "start_run"])
def test_a_neighbour_that_is_away_is_waited_for(desk: Desk, method: str) -> None:
    """The round says who, and goes on when it is back."""
    desk.around.away = {method}
    desk.start()
    desk.turn(30)
    assert desk.round().notes == (f"{method}: nobody answers",)
    desk.around.away = set()
    assert desk.until(Step.ENDED).outcome is Outcome.RELEASED


@pytest.mark.parametrize("step", [Step.MINING, Step.SCORING, Step.DRAWING, Step.REPLAYING])
def test_a_round_is_cancelled_at_any_step(desk: Desk, step: Step) -> None:
    """And then another one may begin."""
    begun = desk.start()
    desk.until(step)
    for _ in range(2):
        ended = rounds.cancel(desk.database, begun.id, "otto", desk.now)
    assert (ended.outcome, ended.notes) == (Outcome.CANCELLED, ("cancelled by otto",))
    desk.turn(3)
    assert not desk.round().goes_on
    assert not desk.round().stopping
    assert desk.start().number == 2


@pytest.mark.parametrize("step", [Step.SCORING, Step.CHOOSING, Step.DRAWING, Step.TRAINING])
def test_cancelling_ends_the_campaign_and_its_tasks(led: Desk, step: Step) -> None:
    """Nobody is asked any more; what is accepted stays."""
    begun = led.start(approve_choice=step is Step.CHOOSING)
    if step is Step.TRAINING:
        led.to_training()
    elif step is not Step.SCORING:
        led.around.scored(led.until(Step.SCORING).campaign_id)
    led.until(step)
    led.turn()
    if step is Step.DRAWING:
        led.around.all_drawn(LANE + 2)
    rounds.cancel(led.database, begun.id, "otto", led.now)
    led.turn(2)
    (campaign,) = led.around.opened.values()
    closed = step in (Step.DRAWING, Step.TRAINING)
    assert campaign.state is (CampaignState.CLOSED if closed else CampaignState.CANCELLED)
    states = [item.state for item in led.around.tasks(campaign_id=campaign.id)]
    done = {Step.DRAWING: 2, Step.TRAINING: 7}.get(step, 0)
    assert states.count(MaskTaskState.ACCEPTED) == done
    assert states.count(MaskTaskState.CANCELLED) == len(states) - done
    assert not led.round().stopping


def test_a_campaign_whose_id_was_never_told_is_cancelled_too(led: Desk) -> None:
    """The service was killed between opening it and writing that down."""
    begun = led.start()
    found = led.until(Step.SCORING)
    with led.database.write() as tx:
        known = {"step": Step.MINING, "campaign_id": ""}
        tx.execute(update(ROUNDS).where(ROUNDS.c.id == found.id).values(**known))
    assert led.around.opened
    rounds.cancel(led.database, begun.id, "otto", led.now)
    led.turn(2)
    (campaign,) = led.around.opened.values()
    assert (campaign.state, led.round().campaign_id) == (CampaignState.CANCELLED, campaign.id)


@pytest.mark.parametrize("step", [Step.SCORING, Step.CHOOSING, Step.DRAWING])
def test_a_campaign_that_somebody_cancelled_ends_the_round(led: Desk, step: Step) -> None:
    """As one that was cancelled, also where some masks are accepted already."""
    led.start(approve_choice=True)
    campaign = led.until(Step.SCORING).campaign_id
    if step is not Step.SCORING:
        led.around.scored(campaign)
        led.until(Step.CHOOSING)
        led.turn()
        rounds.approve(led.database, led.round().id, Step.CHOOSING, led.now, despite=False)
    if step is Step.DRAWING:
        led.until(Step.DRAWING)
        led.turn()
        led.around.all_drawn(LANE + 2)
    led.around.cancel_campaign(campaign)
    ended = led.until(Step.ENDED)
    assert (ended.outcome, ended.notes) == (Outcome.CANCELLED, (f"campaign {campaign} was cancelled",))


@pytest.mark.parametrize("known", [False, True])
def test_cancelling_ends_the_run(led: Desk, known: bool) -> None:
    """Also one that was begun in the moment before its id was known."""
    begun = led.start()
    led.to_training()
    led.turn(3 if known else 1)
    assert bool(led.round().run_id) is known
    rounds.cancel(led.database, begun.id, "otto", led.now)
    led.turn(2)
    (run,) = led.around.runs.values()
    assert (run.state, led.round().stopping) == (RunState.CANCELLED, False)


@pytest.mark.parametrize("lost", ["cancel_run", "cancel_campaign"])
def test_what_cant_be_ended_keeps_nothing_else_from_it(led: Desk, lost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run or a campaign that its service knows no more is noted; the other one is ended all the same."""

    def refuse(_: str) -> None:
        raise NotFound("not known here")

    begun = led.start()
    led.to_training()
    led.turn(3)
    monkeypatch.setattr(led.around, lost, refuse)
    rounds.cancel(led.database, begun.id, "otto", led.now)
    led.turn(2)
    (run,) = led.around.runs.values()
    other = "cancel_campaign" in led.around.calls if lost == "cancel_run" else run.state is RunState.CANCELLED
    assert (other, "not known here" in led.round().notes, led.round().stopping) == (True, True, False)


@pytest.mark.parametrize("ending", [False, True])
def test_a_run_is_asked_for_again_as_it_was_before(led: Desk, ending: bool) -> None:
    """Though another campaign has closed since the call whose answer was lost."""
    begun = led.start()
    found = led.to_training()
    led.around.away = {"start_run"}
    led.turn()
    led.around.away = set()
    plan = replace(led.round().plan.training, target=Version("small", 1))
    run = led.around.start_run(plan, found.key)
    assert (run.plan.campaign_ids, led.round().run_id) == ((found.campaign_id,), "")
    led.around.opened["another"] = replace(led.around.campaign(found.campaign_id), id="c" * 32)
    if ending:
        rounds.cancel(led.database, begun.id, "otto", led.now)
    led.turn(2)
    assert (led.round().run_id, next(iter(led.around.runs.values())).plan) == (run.id, plan)
    assert (led.around.run(run.id).state is RunState.CANCELLED, led.round().stopping) == (ending, False)


def test_a_run_that_an_earlier_release_began_is_found(led: Desk) -> None:
    """It didn't write down which campaigns it asked for."""
    led.start()
    found = led.to_training()
    with led.database.write() as tx:
        tx.execute(update(ROUNDS).where(ROUNDS.c.id == found.id).values(run_begun=True))
    assert found.plan.training.campaign_ids == ()
    run = led.around.start_run(
        replace(found.plan.training, target=Version("small", 1), campaign_ids=(found.campaign_id,)), found.key
    )
    led.turn()
    assert led.round().run_id == run.id


def test_a_release_under_way_is_not_cancelled(led: Desk) -> None:
    """Half a release is none; what has ended can't be cancelled either."""
    begun = led.start()
    led.to_training()
    led.turn(2)
    led.around.trained(led.round().run_id)
    led.turn(1)
    assert led.round().promoting
    with pytest.raises(NotReady, match="its version is being released"):
        rounds.cancel(led.database, begun.id, "otto", led.now)
    led.until(Step.REPLAYING)
    led.around.competed()
    led.until(Step.ENDED)
    with pytest.raises(NotReady, match="it has ended"):
        rounds.cancel(led.database, begun.id, "otto", led.now)


def test_what_a_run_waits_for_is_what_its_round_waits_for(led: Desk) -> None:
    """While it trains and while it is released; it is noted once, and no more when the run gets on."""
    led.start()
    led.to_training()
    led.turn(3)
    run_id, told = led.round().run_id, ("a version is trained and held against the gate",)
    assert led.round().notes == told
    led.around.run_waits(run_id, "labelling does not answer")
    led.turn()
    waits = led.round()
    assert waits.notes == (f"run {run_id} waits: labelling does not answer",)
    led.turn(3)
    assert led.round() == waits
    led.around.run_waits(run_id, "")
    led.turn()
    assert led.round().notes == told
    led.around.trained(run_id)
    led.around.run_waits(run_id, "models does not answer")
    led.turn(2)
    assert led.round().notes == (f"run {run_id} waits: models does not answer",)
    led.until(Step.REPLAYING)
    assert led.round().notes == ()


def test_a_run_that_somebody_cancelled_ends_the_round(led: Desk) -> None:
    """As one that was cancelled."""
    led.start()
    led.to_training()
    led.turn(3)
    led.around.cancel_run(led.round().run_id)
    assert led.until(Step.ENDED).outcome is Outcome.CANCELLED


def test_masks_of_t_are_never_learned_from(desk: Desk) -> None:
    """T and S are apart, in what is drawn and in what a run is told."""
    desk.start()
    ended = desk.until(Step.ENDED)
    parts = {purpose: set[str]() for purpose in (MaskPurpose.COUNTEREXAMPLE, MaskPurpose.TEST)}
    for task in desk.around.tasks(campaign_id=ended.campaign_id):
        parts[task.purpose].add(task.image_id)
    assert parts[MaskPurpose.COUNTEREXAMPLE].isdisjoint(parts[MaskPurpose.TEST])
