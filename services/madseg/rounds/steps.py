"""What a round does at each step: looks at the neighbours, asks for what is next, and says what that changes.

A step is done again where it was cut off. Whatever it has made is asked for by the round's own key, so a second time
gives the same.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from madseg.client import (
    CampaignState,
    ContestState,
    MaskPurpose,
    MaskTaskState,
    RoundPlan,
    Run,
    RunPlan,
    RunState,
    Version,
)
from madseg.core.errors import InvalidInput, MadsegError, NotReady, Unavailable
from madseg.core.messages import VersionRef
from madseg.core.rounds import Outcome, Step, following
from madseg.ports import Database
from madseg.rounds.evaluating import Evaluator
from madseg.rounds.neighbours import Neighbours
from madseg.rounds.rounds import Round
from madseg.rounds.standings import standings

_DRAWN = (MaskPurpose.COUNTEREXAMPLE, MaskPurpose.TEST)
"""Masks that a round waits for. Second opinions measure people and hold nobody up."""

_SETTLED = (MaskTaskState.ACCEPTED, MaskTaskState.SENT_BACK)


@dataclass(frozen=True, slots=True)
class Move:
    """Columns that change; empty: nothing. `more` says that the next move may follow at once."""

    values: Mapping[str, Any] = field(default_factory=dict)
    more: bool = False


class Steps:
    """Takes a round on, one move at a time."""

    def __init__(self, database: Database, neighbours: Neighbours, evaluator: Evaluator) -> None:
        self._database, self._neighbours, self._evaluator = database, neighbours, evaluator
        self._of: Mapping[Step, Callable[[Round], Move]] = {
            Step.MINING: self._mine,
            Step.SCORING: self._score,
            Step.CHOOSING: self._choose,
            Step.DRAWING: self._draw,
            Step.EVALUATING: self._evaluate,
            Step.TRAINING: self._train,
            Step.REPLAYING: self._replay,
        }

    def move(self, found: Round) -> Move:
        """The next move of a round that goes on.

        Raises:
            Unavailable: a neighbour doesn't answer.
            NotReady: something isn't there yet that will be, or that a person must do; the message says what.
            InvalidInput: it can't go on.
        """
        return self._of[found.step](found)

    def stop(self, found: Round) -> Move:
        """Ends what a round that was cancelled has begun: its campaign, its mask tasks and its run.

        Raises:
            Unavailable: a neighbour doesn't answer.
        """
        run_id, notes = found.run_id, list(found.notes)
        opened = found.campaign_id or self._opened(found)
        if opened:
            with _noted(notes):
                self._neighbours.cancel_campaign(opened)
        if found.run_begun and found.released is None:
            with _noted(notes):
                run_id = run_id or self._neighbours.start_run(self._run_plan(found), found.key).id
                self._neighbours.cancel_run(run_id)
        return Move({"stopping": False, "run_id": run_id, "campaign_id": opened, "notes": tuple(notes)})

    def _opened(self, found: Round) -> str:
        """The campaign over the round's M, which may be there although its id was never told; "" for none."""
        about = self._neighbours.campaigns(found.target.model)
        here = [item.id for item in about if item.candidate_set_id == found.candidate_set_id]
        return here[-1] if found.candidate_set_id and here else ""

    def _mine(self, found: Round) -> Move:
        note = f"round {found.number} of {found.target.model}"
        if not found.candidate_set_id:
            self._must_be_complete(found.target)
            cut = self._neighbours.cut(_version(found.target), found.plan.per_ranking or 0, found.key, note)
            if not cut.size:
                raise InvalidInput(f"M is empty: no image is ranked for {found.target}, or all were chosen before")
            return Move({"candidate_set_id": cut.id, "candidates": cut.size, "notes": ()}, more=True)
        opened = self._neighbours.open_campaign(found.candidate_set_id, found.plan.campaign, found.key, note)
        return self._on(found, campaign_id=opened.id)

    def _score(self, found: Round) -> Move:
        campaign = self._neighbours.campaign(found.campaign_id)
        if campaign.state is CampaignState.CANCELLED:
            return _cancelled(found)
        if campaign.state in (CampaignState.SCORED, CampaignState.CLOSED) or found.despite:
            return self._on(found, approved=found.approved, despite=found.despite)
        return _waits(found, campaign.finished, campaign.images, "raters grade M")

    def _choose(self, found: Round) -> Move:
        if found.plan.approve_choice and not found.approved:
            return _asks(found, "all of M is scored: say that T may be reserved and S cut")
        if self._neighbours.campaign(found.campaign_id).state is CampaignState.CANCELLED:
            return _cancelled(found)
        sets = self._neighbours.choose(found.campaign_id, allow_incomplete=found.despite)
        sizes = {"counterexamples": len(sets.counterexamples), "test": len(sets.test)}
        if not sets.counterexamples and not found.plan.evaluate_only:
            empty = f"S is empty: of {found.candidates} images of M, T took {len(sets.test)}; the others were vetoed"
            return Move({**_ended(Outcome.REFUSED, empty).values, **sizes})
        return self._on(found, **sizes)

    def _draw(self, found: Round) -> Move:
        plan = found.plan
        if not found.total:
            self._neighbours.make_tasks(found.campaign_id, plan.annotators, plan.double_share or 0.0)
        wanted = _DRAWN[1:] if plan.evaluate_only else _DRAWN
        tasks = [item for item in self._neighbours.tasks(campaign_id=found.campaign_id) if item.purpose in wanted]
        if any(item.state is MaskTaskState.CANCELLED for item in tasks):  # the campaign itself stays closed
            return _cancelled(found)
        done = sum(item.state in _SETTLED for item in tasks)
        if done < len(tasks):
            return _waits(found, done, len(tasks), "masks are drawn and checked")
        return self._on(found)

    def _evaluate(self, found: Round) -> Move:
        self._hold_against_all(found.target.model)
        return self._on(found)

    def _train(self, found: Round) -> Move:
        if not found.run_begun:
            return Move({"run_begun": True, "plan": self._with_campaigns(found)}, more=True)
        if not found.run_id:
            return Move({"run_id": self._neighbours.start_run(self._run_plan(found), found.key).id, "notes": ()})
        run = self._neighbours.run(found.run_id)
        if run.state is RunState.RELEASED and run.released is not None:
            return self._on(found, released=run.released.version, promoting=True)
        if run.state is RunState.CANCELLED:
            return _ended(Outcome.CANCELLED, f"run {run.id} was cancelled")
        if run.state is RunState.PASSED:
            return self._release(found, "the new version passed the gate: say that it may serve")
        if run.state is RunState.REFUSED:
            return self._refused(found, run)
        done, total = _progress(run)
        return _waits(found, done, total, _told(run) or "a version is trained and held against the gate")

    def _refused(self, found: Round, run: Run) -> Move:
        # A release that fails adds its own reason behind those of the gate.
        told = sum(not check.passed for check in run.checks)
        if found.promoting and found.despite and len(run.reasons) <= told:
            return self._release(found)
        if not run.checks or found.promoting or not found.plan.approve_release:
            return _ended(Outcome.REFUSED, *run.reasons)
        if found.approved and not found.despite:
            return _asks(found, *run.reasons, approved=False)
        return self._release(found, *run.reasons)

    def _release(self, found: Round, *notes: str) -> Move:
        if found.plan.approve_release and not found.approved:
            return _asks(found, *notes)
        if not found.promoting:
            return Move({"promoting": True, "awaits": False, "notes": ()}, more=True)
        run = self._neighbours.promote(found.run_id, despite_gate=found.despite)
        return _waits(found, 0, 0, _told(run) or "the version is being released")

    def _replay(self, found: Round) -> Move:
        released = Version(found.target.model, found.released or 0)
        contests = [item for item in self._neighbours.contests() if item.target == released]
        going = [item for item in contests if item.state is not ContestState.RETIRED]
        if not contests or any(item.state is not ContestState.COMPLETE for item in going):
            answered = sum(item.compared + item.failed for item in going)
            wanted = answered + sum(item.missing for item in going)
            return _waits(found, answered, wanted, f"{released} competes over all images")
        self._hold_against_all(released.model)
        return _ended(Outcome.RELEASED)

    def _hold_against_all(self, model: str) -> None:
        """Every version on every test set; the figures are drawn here, so that nobody waits for them later."""
        self._evaluator.refresh(model, whole=True)
        standings(self._database, model)

    def _run_plan(self, found: Round) -> RunPlan:
        # A round in which an earlier release began to train says no campaigns.
        plan = found.plan if found.plan.training.campaign_ids else self._with_campaigns(found)
        return replace(plan.training, target=_version(found.target))

    def _with_campaigns(self, found: Round) -> RoundPlan:
        """S is accumulated: all that campaigns about the target have chosen so far. It is kept, as another one may
        close before the run is asked for again, and the round's key stands for one plan."""
        about = self._neighbours.campaigns(found.target.model)
        campaigns = tuple(item.id for item in about if item.state is CampaignState.CLOSED)
        return replace(found.plan, training=replace(found.plan.training, campaign_ids=campaigns))

    def _must_be_complete(self, target: VersionRef) -> None:
        contests = [item for item in self._neighbours.contests() if item.target == _version(target)]
        missing = max((item.missing for item in contests if item.state is ContestState.FILLING), default=0)
        if missing:
            raise NotReady(f"{target} still competes: {missing} images lack an answer")

    def _on(self, found: Round, **values: Any) -> Move:
        step = following(found.step, evaluate_only=found.plan.evaluate_only)
        ending = {"outcome": Outcome.EVALUATED} if step is Step.ENDED else {}
        return Move({"step": step, **ending, **values}, more=step is not Step.ENDED)


def _ended(outcome: Outcome, *notes: str) -> Move:
    return Move({"step": Step.ENDED, "outcome": outcome, "notes": notes})


def _cancelled(found: Round) -> Move:
    return _ended(Outcome.CANCELLED, f"campaign {found.campaign_id} was cancelled")


@contextmanager
def _noted(notes: list[str]) -> Iterator[None]:
    """What is refused is noted, and keeps nothing else from being done."""
    try:
        yield
    except Unavailable:
        raise
    except MadsegError as error:
        notes.append(str(error))


def _waits(found: Round, done: int, total: int, *notes: str) -> Move:
    return _unless_so(found, {"done": done, "total": total, "notes": notes, "awaits": False})


def _asks(found: Round, *notes: str, **values: Any) -> Move:
    return _unless_so(found, {"notes": notes, "awaits": True, **values})


def _unless_so(found: Round, values: Mapping[str, Any]) -> Move:
    """A move, unless the round says so already."""
    return Move({} if all(getattr(found, name) == value for name, value in values.items()) else values)


def _told(run: Run) -> str:
    """What a run says that it waits for; "" where it gets on."""
    return run.waits_for and f"run {run.id} waits: {run.waits_for}"


def _progress(run: Run) -> tuple[int, int]:
    at = run.progress
    if at is None:
        return 0, 0
    return ((at.rate - 1) * at.epochs + at.epoch - 1) * at.steps + at.step, at.rates * at.epochs * at.steps


def _version(ref: VersionRef) -> Version:
    return Version(ref.model, ref.version)
