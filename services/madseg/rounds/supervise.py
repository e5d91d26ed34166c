"""Carries rounds on, as a durable state machine: each step is done again where it was cut off, and has its effect once.

One thread looks at the rounds in turn and never waits for people: it looks again. A neighbour that is away is asked
again after a pause that grows; what a round waits for stands in its notes. There is one process of this service in a
deployment.
"""

import threading
import time
from collections.abc import Callable, Sequence

import structlog

from madseg.client import Version
from madseg.core.errors import MadsegError, NotFound, NotReady, Unavailable
from madseg.core.messages import VersionRef
from madseg.core.rounds import Due, Outcome, Step, due
from madseg.ports import Database
from madseg.rounds import policies, rounds
from madseg.rounds.neighbours import Neighbours
from madseg.rounds.policies import Kept
from madseg.rounds.rounds import Round
from madseg.rounds.steps import Move, Steps

log = structlog.get_logger("madseg.rounds")

PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before a neighbour that is away is asked again; the last one repeats."""

POLICY_SECONDS = 15.0
"""Between two looks whether a round is to begin by itself: how large M would be takes a cut to know."""


class Supervisor:
    """`clock` gives microseconds since the epoch, `new_id` a round's id; `pauses` and `policy_seconds` are above."""

    def __init__(
        self,
        database: Database,
        neighbours: Neighbours,
        steps: Steps,
        clock: Callable[[], int],
        new_id: Callable[[], str],
        *,
        pauses: Sequence[float] = PAUSES,
        policy_seconds: float = POLICY_SECONDS,
    ) -> None:
        self._database, self._neighbours, self._steps = database, neighbours, steps
        self._clock, self._new_id, self._pauses, self._policy_seconds = clock, new_id, pauses, policy_seconds
        self._stopping = threading.Event()
        self._away: dict[str, tuple[int, float]] = {}
        self._looked = -policy_seconds

    def stop_soon(self) -> None:
        """The turn that goes on is the last; the next process goes on where it ends."""
        self._stopping.set()

    def __call__(self) -> bool:
        """One turn; whether something got on, so that there may be more to do at once."""
        with self._database.snapshot() as tx:
            waiting = rounds.waiting(tx)
        more = [self._take(found) for found in waiting if not self._stopping.is_set()]
        if time.monotonic() - self._looked >= self._policy_seconds and not self._stopping.is_set():
            self._looked = time.monotonic()
            more.append(self._begin())
        return any(more) and not self._stopping.is_set()

    def _take(self, found: Round) -> bool:
        times, until = self._away.get(found.id, (0, 0.0))
        if time.monotonic() < until:
            return False
        try:
            move = self._move(found)
            self._away.pop(found.id, None)
        except Unavailable as error:
            pause = self._pauses[min(times, len(self._pauses) - 1)]
            self._away[found.id] = (times + 1, time.monotonic() + pause)
            log.warning("round_waits", round=found.id, step=found.step, reason=str(error), retry_in_s=pause)
            move = _noting(found, str(error))
        return self._apply(found, move)

    def _move(self, found: Round) -> Move:
        try:
            return self._steps.stop(found) if found.stopping else self._steps.move(found)
        except Unavailable:
            raise
        except NotReady as error:  # what mends it is somebody else's to do
            return Move({"stopping": False}) if found.stopping else _noting(found, str(error))
        except MadsegError as error:
            if found.stopping:
                return Move({"stopping": False, "notes": (*found.notes, str(error))})
            return Move({"step": Step.ENDED, "outcome": Outcome.FAILED, "notes": (str(error),)})

    def _apply(self, found: Round, move: Move) -> bool:
        if not move.values:
            return False
        done = rounds.change(self._database, found, self._clock(), **move.values)
        if done and "step" in move.values:
            told = {"step": move.values["step"], "before": found.step, "outcome": move.values.get("outcome")}
            log.info("round", round=found.id, number=found.number, **told, notes=move.values.get("notes", ()))
        return not done or move.more

    def _begin(self) -> bool:
        """Begins what is due by the policies."""
        with self._database.snapshot() as tx:
            kept = policies.enabled(tx)
        begun = [self._begin_one(item) for item in kept]
        return any(begun)

    def _begin_one(self, kept: Kept) -> bool:
        now = self._clock()
        with self._database.snapshot() as tx:
            past = policies.past(tx, kept, now)
        try:
            if past.goes_on or not kept.policy.enabled:
                return False
            target = self._neighbours.target(kept.model)
            found = due(kept.policy, past, lambda: self._fresh(kept, target))
            if found is Due.NOTHING:
                return False
            ref = VersionRef(target.model, target.version)
            begun = policies.begin(self._database, kept, found, ref, self._new_id, now)
        except (Unavailable, NotReady, NotFound) as error:
            log.warning("policy_waits", model=kept.model, reason=str(error))
            return False
        if begun is not None:
            log.info("round_begun", round=begun.id, number=begun.number, model=kept.model, evaluates=found)
        return begun is not None

    def _fresh(self, kept: Kept, target: Version) -> int:
        """Images of M that no round has tried to repair this version with: after a refusal M is as it was."""
        with self._database.snapshot() as tx:
            before = [item for item in rounds.of_model(tx, kept.model) if item.target.version == target.version]
        tried = [item.candidate_set_id for item in before if item.candidate_set_id and not item.plan.evaluate_only]
        since = tried[-1] if tried else ""
        return self._neighbours.fresh(target, kept.plan.per_ranking or 0, since)


def _noting(found: Round, reason: str) -> Move:
    return Move() if found.notes == (reason,) else Move({"notes": (reason,)})
