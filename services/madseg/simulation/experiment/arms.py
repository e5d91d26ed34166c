"""The rounds of one arm (Wang et al. 2022, Algorithm 1): choose M, score, reserve T, cut S, draw masks, fine-tune."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from madseg.core.candidates import Candidate
from madseg.core.counterexamples import Chosen, Scored, Used, choose, reported
from madseg.core.errors import InvalidInput
from madseg.core.evaluation import mean_estimate
from madseg.core.messages import VersionRef
from madseg.finetune.examples import Part
from madseg.simulation.experiment.lab import BEFORE, Lab
from madseg.simulation.experiment.learning import learn
from madseg.simulation.experiment.pictures import Picture
from madseg.simulation.experiment.sampling import by_entropy, by_lot, grouped, mined, ungrouped

FAILED = 0.5
"""A true mIoU below this is a failure: most of what is in the picture is wrong."""


@dataclass
class _Past:
    """What an arm has used so far, by image id: S accumulates, T is never learned from."""

    learned: list[str] = field(default_factory=list)
    tests: list[list[str]] = field(default_factory=list)

    @property
    def used(self) -> frozenset[str]:
        return frozenset(self.learned).union(*self.tests)


def run_labelled(lab: Lab, arm: str, sizes: Sequence[int] | None = None) -> dict[str, Any]:
    """An arm that labels what it chose. `sizes` is how many candidates each round has; None takes M as it is cut."""
    past, rounds = _Past(), []
    for turn in range(1, lab.settings.rounds + 1):
        old, new = version(arm, turn - 1), version(arm, turn)
        candidates = candidates_of(lab, arm, old, turn, past.used, sizes[turn - 1] if sizes else None)
        scored, chosen = judged(lab, old, candidates, past.used, turn)
        past.learned += [item.image_id for item in chosen.counterexamples]
        past.tests.append([item.image_id for item in reported(chosen.test, sizes=lab.settings.sizes)])
        rounds.append(
            {
                **_facts(lab, old, candidates, scored, chosen),
                "training": _tuned(lab, old, new, past.learned),
                "after": lab.measured(new),
            }
        )
    return {"rounds": rounds, "learned": past.learned, "tests": past.tests}


def version(arm: str, turn: int) -> VersionRef:
    """f(turn) of an arm; f(0) is the same for all."""
    return VersionRef(arm, turn) if turn else BEFORE


def candidates_of(
    lab: Lab, arm: str, target: VersionRef, turn: int, used: frozenset[str], size: int | None
) -> list[Candidate]:
    """M of an arm: `size` images, or for discrepancy the tops of the rankings where it is None."""
    stream = lab.pictures.stream
    if arm == "mad":
        return mined(lab.contests(target), lab.settings.per_ranking, used)
    if size is None:
        raise InvalidInput(f"how many candidates {arm} has is that of mad: run that first")
    kind, _, way = arm.partition("-")
    score = by_lot(stream, lab.seed, turn) if kind == "random" else by_entropy(stream, lab.stream_answers(target))
    if way == "grouped":
        return grouped(lab.contests(target), score, size, used)
    return ungrouped(stream, score, size, used)


def judged(
    lab: Lab, target: VersionRef, candidates: Sequence[Candidate], used: frozenset[str], turn: int
) -> tuple[list[Scored], Chosen]:
    """Everybody's scores of M, then T and S."""
    ids = [item.image_id for item in candidates]
    contests = lab.contests(target)
    means = dict(zip((item.image_id for item in lab.pictures.stream), contests.discrepancies.tolist(), strict=True))
    scored = lab.people.score(candidates, lab.by_id, lab.maps(target, ids), means)
    before = [Used(item, lab.by_id[item].perceptual_hash) for item in sorted(used)]
    return scored, choose(scored, lab.seed * 100 + turn, before, lab.settings.sizes)


def tests_of(lab: Lab, arm: str, tests: Sequence[Sequence[str]], learned: Sequence[str]) -> dict[str, Any]:
    """T(1..r+1) of an arm and every version of it on each: after the last round M is cut and T drawn once more."""
    last = lab.settings.rounds
    used = frozenset(learned).union(*tests)
    candidates = candidates_of(lab, arm, version(arm, last), last + 1, used, None)
    _, chosen = judged(lab, version(arm, last), candidates, used, last + 1)
    drawn = [*tests, [item.image_id for item in reported(chosen.test, sizes=lab.settings.sizes)]]
    table = []
    for image_ids in drawn:
        pictures = [lab.by_id[item] for item in image_ids]
        found = [mean_estimate(lab.mious(version(arm, turn), pictures), lab.seed) for turn in range(last + 1)]
        table.append([[item.value, item.low, item.high] for item in found])
    return {"tests": drawn, "table": table}


def run_known(lab: Lab) -> dict[str, Any]:
    """The arm that learns from S0 alone, for as many steps as the others."""
    rounds = []
    for turn in range(1, lab.settings.rounds + 1):
        old, new = version("s0", turn - 1), version("s0", turn)
        examples = lab.known(lab.settings.known + turn * lab.settings.counterexamples) + lab.t0()
        training = learn(lab.root, old, new, examples, lab.settings.modern(), lab.seed)
        rounds.append({"training": training, "after": lab.measured(new)})
    return {"rounds": rounds}


def run_oracle(lab: Lab) -> dict[str, Any]:
    """True masks of many images of the stream, drawn by lot, in one run that learns each as often as a scene of S0.

    The share of S that suits 40 masks would leave out most of 2,000.
    """
    lots = by_lot(lab.pictures.stream, lab.seed, 0)
    drawn = sorted(lab.pictures.stream, key=lambda item: lots[item.image_id])[: lab.settings.oracle]
    examples = lab.exercises.put(Part.S, ((item, item.truth) for item in drawn if not item.out_of_domain))
    known = lab.known(lab.settings.known)
    recipe = replace(lab.settings.modern(), counterexample_share=len(examples) / len(examples + known))
    new = version("oracle", 1)
    training = learn(lab.root, BEFORE, new, examples + known + lab.t0(), recipe, lab.seed)
    share = recipe.counterexample_share
    return {"masks": len(examples), "share": share, "rounds": [{"training": training, "after": lab.measured(new)}]}


def _tuned(lab: Lab, old: VersionRef, new: VersionRef, learned: Sequence[str]) -> dict[str, Any]:
    pictures = [lab.by_id[item] for item in learned]
    masks = lab.exercises.put(Part.S, ((item, lab.people.mask(item)) for item in pictures), "hand")
    examples = masks + lab.known(lab.settings.known) + lab.t0()
    return learn(lab.root, old, new, examples, lab.settings.modern(), lab.seed)


def _facts(
    lab: Lab, target: VersionRef, candidates: Sequence[Candidate], scored: Sequence[Scored], chosen: Chosen
) -> dict[str, Any]:
    """What M and S were: sizes, vetoes, the target's true mIoU, and which modes S is made of."""
    m = [lab.by_id[item.image_id] for item in candidates]
    s = [lab.by_id[item.image_id] for item in chosen.counterexamples]
    return {
        "candidates": len(m),
        "vetoed": sum(item.vetoed for item in scored),
        "counterexamples": len(s),
        "failures_in_m": _failures(lab, target, m),
        "failures_in_s": _failures(lab, target, s),
        "mean_opinion_of_s": _mean([item.mean for item in chosen.counterexamples if item.mean is not None]),
        "modes_of_s": dict(sorted(Counter(item.mode for item in s).items())),
    }


def _failures(lab: Lab, target: VersionRef, pictures: Sequence[Picture]) -> float:
    """Share of the pictures on which the target fails."""
    return _mean((lab.mious(target, pictures) < FAILED).tolist())


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
