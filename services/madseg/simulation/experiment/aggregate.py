"""Over seeds: what each arm gains, and by how much one arm is ahead of another, with paired t intervals.

A seed is one observation. Within a seed all versions are measured on the same images, so differences are taken there.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from madseg.core.comparison import mean_by_t
from madseg.core.evaluation import Estimate
from madseg.simulation.experiment.kept import Result

BASELINES = ("random", "entropy", "random-grouped", "entropy-grouped", "s0")
"""What mining is held against."""


@dataclass(frozen=True)
class Gain:
    """What an arm gains from f(0) to its last version: in mIoU on the random lane and on T0-report, and per mode."""

    lane: Estimate
    lane_of_data_set: Estimate
    report: Estimate
    modes: Mapping[str, Estimate]


@dataclass(frozen=True)
class Lead:
    """By how much MAD's last version is ahead of another arm's, in the same figures."""

    lane: Estimate
    lane_of_data_set: Estimate
    report: Estimate


@dataclass(frozen=True)
class Gathered:
    """Everything that is told of some seeds; arms and modes in the order of the first seed."""

    seeds: tuple[int, ...]
    before: Mapping[str, Estimate]
    gains: Mapping[str, Gain]
    rounds: Mapping[str, tuple[Estimate, ...]]
    leads: Mapping[str, Lead]
    chosen: Mapping[str, Mapping[str, float]]
    table: tuple[tuple[Estimate, ...], ...]
    contest: Mapping[str, Mapping[str, Estimate]]
    srcc: tuple[float | None, ...]
    lane: Mapping[str, Estimate]
    unranked: Mapping[str, tuple[int, int]]


def gather(results: Mapping[int, Result]) -> Gathered:
    """Puts the results of seeds together; each is what `run_seed` gave."""
    seeds = [results[seed] for seed in sorted(results)]
    arms = [name.removeprefix("arm-") for name in seeds[0] if name.startswith("arm-")]
    return Gathered(
        seeds=tuple(sorted(results)),
        before=_before(seeds),
        gains={arm: _gain(seeds, arm) for arm in arms},
        rounds={arm: _rounds(seeds, arm) for arm in arms},
        leads={arm: _lead(seeds, "mad", arm) for arm in BASELINES if arm in arms},
        chosen={arm: _chosen(seeds, arm) for arm in arms if "candidates" in seeds[0][f"arm-{arm}"]["rounds"][0]},
        table=_table(seeds),
        contest=_contest(seeds),
        srcc=_srcc(seeds),
        lane=_lane(seeds),
        unranked=_unranked(seeds),
    )


def _before(seeds: Sequence[Result]) -> dict[str, Estimate]:
    found = [seed["before"] for seed in seeds]
    return {
        "random lane": mean_by_t([float(np.mean(item["lane"])) for item in found]),
        "T0-report": mean_by_t([item["report"] for item in found]),
        **{mode: mean_by_t([item["modes"][mode] for item in found]) for mode in found[0]["modes"]},
    }


def _gain(seeds: Sequence[Result], arm: str) -> Gain:
    pairs = [(seed["before"], _last(seed, arm)) for seed in seeds]

    def gained(key: str) -> Estimate:
        return mean_by_t([after[key] - before[key] for before, after in pairs])

    modes = pairs[0][0]["modes"]
    return Gain(
        mean_by_t([_paired(before, after) for before, after in pairs]),
        gained("lane_of_data_set"),
        gained("report"),
        {mode: mean_by_t([after["modes"][mode] - before["modes"][mode] for before, after in pairs]) for mode in modes},
    )


def _rounds(seeds: Sequence[Result], arm: str) -> tuple[Estimate, ...]:
    """The gain on the random lane after each round."""
    count = len(seeds[0][f"arm-{arm}"]["rounds"])
    return tuple(
        mean_by_t([_paired(seed["before"], seed[f"arm-{arm}"]["rounds"][turn]["after"]) for seed in seeds])
        for turn in range(count)
    )


def _lead(seeds: Sequence[Result], ours: str, theirs: str) -> Lead:
    pairs = [(_last(seed, theirs), _last(seed, ours)) for seed in seeds]
    return Lead(
        mean_by_t([_paired(other, own) for other, own in pairs]),
        *(mean_by_t([own[key] - other[key] for other, own in pairs]) for key in ("lane_of_data_set", "report")),
    )


def _last(seed: Result, arm: str) -> dict[str, Any]:
    return dict(seed[f"arm-{arm}"]["rounds"][-1]["after"])


def _paired(first: Mapping[str, Any], second: Mapping[str, Any]) -> float:
    """Mean over the lane's images of what the second has more than the first."""
    return float(np.mean(second["lane"]) - np.mean(first["lane"]))


def _chosen(seeds: Sequence[Result], arm: str) -> dict[str, float]:
    """Means over seeds and rounds of what M and S were."""
    rounds = [item for seed in seeds for item in seed[f"arm-{arm}"]["rounds"]]
    keys = ("candidates", "vetoed", "counterexamples", "failures_in_m", "failures_in_s", "mean_opinion_of_s")
    found = {key: float(np.mean([item[key] for item in rounds])) for key in keys}
    found["posters_in_s"] = float(np.mean([item["modes_of_s"].get("poster", 0) for item in rounds]))
    return found


def _table(seeds: Sequence[Result]) -> tuple[tuple[Estimate, ...], ...]:
    """Table 1: a row per T(i), a column per version."""
    tables = [seed["tests"]["table"] for seed in seeds]
    return tuple(
        tuple(mean_by_t([table[row][column][0] for table in tables]) for column in range(len(tables[0][row])))
        for row in range(len(tables[0]))
    )


def _contest(seeds: Sequence[Result]) -> dict[str, dict[str, Estimate]]:
    """Table 2: per group of images both versions' mIoU and the first's lead; seeds without such an image left out."""
    found = {}
    for group in seeds[0].get("contest", {}):
        duels = [seed["contest"][group] for seed in seeds if seed["contest"][group]["images"]]
        if duels:
            found[group] = {
                **{key: mean_by_t([duel[key] for duel in duels]) for key in ("first", "second", "images")},
                "lead": mean_by_t([duel["lead"][0] for duel in duels]),
            }
    return found


def _srcc(seeds: Sequence[Result]) -> tuple[float | None, ...]:
    """Mean over seeds for each number of images that all seeds have."""
    curves = [seed["stability"]["srcc"] for seed in seeds]
    columns = zip(*curves, strict=False)
    return tuple(float(np.mean(known)) if (known := _known(column)) else None for column in columns)


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and not math.isnan(value)]


def _lane(seeds: Sequence[Result]) -> dict[str, Estimate]:
    found = [seed["lane"] for seed in seeds]
    keys = ("area_of_truth", "area", "area_of_entropy", "area_of_nothing")
    shares = _known([item["unranked_share"] for item in found])
    return {
        **{key: mean_by_t([item[key] for item in found]) for key in keys},
        **{f"risk {share}": mean_by_t([item["risk"][share] for item in found]) for share in found[0]["risk"]},
        **({"unranked_share": mean_by_t(shares)} if shares else {}),
    }


def _unranked(seeds: Sequence[Result]) -> dict[str, tuple[int, int]]:
    """Per mode, over all seeds: the lane's failures that no contest ranks, and all its failures."""
    found = [seed["lane"] for seed in seeds]
    modes = sorted({mode for item in found for mode in item["failures_by_mode"]})
    return {
        mode: (
            sum(item["unranked_by_mode"].get(mode, 0) for item in found),
            sum(item["failures_by_mode"].get(mode, 0) for item in found),
        )
        for mode in modes
    }
