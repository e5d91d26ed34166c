"""How well raters agree, with each other and with themselves, and what it has cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from madseg.core.adaptive import Saving, saving
from madseg.core.agreement import alpha
from madseg.core.raters import Fit
from madseg.labelling.scoring import kept
from madseg.labelling.scoring.adapting import asked
from madseg.labelling.scoring.judged import Judged

JUDGEMENT_SECONDS = 7.0
"""What a judgement takes where the time isn't known."""

MASK_SECONDS = 135.0
"""What a mask takes."""


@dataclass(frozen=True, slots=True)
class RaterReport:
    """One rater; the fields are those of the proto."""

    rater: str
    grades: int
    vetoes: int
    abstentions: int
    veto_rate: float
    bias: float | None
    inconsistency: float | None
    repeats: int
    self_agreement: float | None
    mean_grade: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What GetAgreement tells; the fields are those of the proto."""

    alpha: float | None
    images: int
    raters: tuple[RaterReport, ...]
    hours_scoring: float
    hours_masks: float
    hours_all_masks: float
    grades_saved: int
    vetoes_missed: float


def agreement(found: Judged, fit: Fit) -> Agreement:
    """How well the raters of a campaign agree; `fit` is of the grades that are shared."""
    shared = {position: given for position, given in found.shared().items() if len(given) > 1}
    seconds = sum(row.looked_ms / 1000 if row.looked_ms else JUDGEMENT_SECONDS for row in _own(found))
    there = sum(not item.vetoes for item in found.items)
    saved = _saving(found)
    return Agreement(
        alpha(list(shared.values())),
        len(shared),
        tuple(_report(found, fit, rater) for rater in sorted({row.rater for row in found.rows})),
        seconds / 3600,
        min(found.kept.plan.counterexamples, there) * MASK_SECONDS / 3600,
        len(found.items) * MASK_SECONDS / 3600,
        saved.grades,
        saved.vetoes_missed,
    )


def _own(found: Judged) -> list[Any]:
    """The judgements given in this campaign, by those who were asked."""
    return [row for row in found.rows if row.origin is None and row.assignment_id is not None]


def _report(found: Judged, fit: Fit, rater: str) -> RaterReport:
    kinds = [row.kind for row in found.rows if row.rater == rater and not row.repeat]
    grades = [given[rater] for given in found.first.values() if rater in given]
    vetoes, abstentions = kinds.count(kept.VETO), kinds.count(kept.ABSTENTION)
    pairs = [
        (found.first[position][rater], given[rater])
        for position, given in found.again.items()
        if rater in given and rater in found.first.get(position, {})
    ]
    return RaterReport(
        rater,
        len(grades),
        vetoes,
        abstentions,
        vetoes / len(kinds) if kinds else 0.0,
        fit.bias.get(rater),
        fit.inconsistency.get(rater),
        len(pairs),
        _share([one == two for one, two in pairs]),
        sum(grades) / len(grades) if grades else None,
    )


def _share(facts: Sequence[bool]) -> float | None:
    return sum(facts) / len(facts) if facts else None


def _saving(found: Judged) -> Saving:
    """What adaptive mode has saved, at the rate of vetoes in the fully rated share."""
    full = {item.position for item in found.items if item.full}
    kinds = [row.kind for row in _own(found) if not row.repeat and row.position in full]
    return saving(
        (asked(item) for item in found.items if item.stopped),
        found.kept.plan.raters,
        vetoes=kinds.count(kept.VETO),
        judgements=len(kinds),
    )
