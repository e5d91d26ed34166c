"""Rounds of Algorithm 1 (Wang et al. 2022): which step follows which, and when a round begins by itself.

    MINING -> SCORING -> CHOOSING -> DRAWING -> EVALUATING -> TRAINING -> REPLAYING -> ENDED
                                                    |             |
                                                    +-- it evaluates alone, or the version is refused --> ENDED

A round is the body of the loop once (lines 6 to 20). What comes after the last release, M, its scores and T for
i = r + 1 (lines 21 to 24), is a round that evaluates alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """The step that a round is at."""

    MINING = "mining"
    SCORING = "scoring"
    CHOOSING = "choosing"
    DRAWING = "drawing"
    EVALUATING = "evaluating"
    TRAINING = "training"
    REPLAYING = "replaying"
    ENDED = "ended"


class Outcome(StrEnum):
    """How a round ended."""

    RELEASED = "released"
    REFUSED = "refused"
    EVALUATED = "evaluated"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Due(StrEnum):
    """What is to begin by itself."""

    NOTHING = "nothing"
    ROUND = "round"
    EVALUATION = "evaluation"


def following(step: Step, *, evaluate_only: bool) -> Step:
    """The step behind `step`; the end stays the end."""
    if step is Step.EVALUATING and evaluate_only:
        return Step.ENDED
    steps = list(Step)
    return steps[min(steps.index(step) + 1, len(steps) - 1)]


@dataclass(frozen=True, slots=True)
class Policy:
    """When rounds of a target begin by themselves; see `due`. Zeros switch a rule off."""

    enabled: bool = False
    candidates: int = 0
    seconds: int = 0
    rounds: int = 0


@dataclass(frozen=True, slots=True)
class Past:
    """What a target's rounds have been since its policy was set.

    `goes_on`: one does now. `begun`: how many began by themselves, and `evaluated` whether the evaluation behind them
    did. `rested`: seconds since the last round ended, or since the policy was set.
    """

    goes_on: bool
    begun: int
    evaluated: bool
    rested: float


def due(policy: Policy, past: Past, candidates: Callable[[], int]) -> Due:
    """What begins now.

    A round begins by the size of M as it would be cut now, which `candidates` tells and is asked for only where it
    matters, or by the time since the last one; whichever comes first. After the last round of a row comes one
    evaluation at once, and then nothing.
    """
    if not policy.enabled or past.goes_on:
        return Due.NOTHING
    if policy.rounds and past.begun >= policy.rounds:
        return Due.NOTHING if past.evaluated else Due.EVALUATION
    if policy.seconds and past.rested >= policy.seconds:
        return Due.ROUND
    return Due.ROUND if policy.candidates and candidates() >= policy.candidates else Due.NOTHING
