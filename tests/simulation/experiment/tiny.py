"""Settings that make a seed a matter of seconds, and results as `run_seed` gives them, made by hand."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from madseg.simulation.experiment.settings import Settings

SEED = 3

TINY = Settings(
    stream=100, lane=16, probes=1, scenes=24, epochs=1, target_epochs=1, known=4, select=2, report=4, constraint=4,
    per_ranking=1, reserved=3, reported=2, counterexamples=1, rounds=2, oracle=4,
    recipe={"learning_rates": [0.0003], "epochs": 1, "averages": [1.0]},
)  # fmt: skip


def tiny_file(folder: Path) -> Path:
    """The settings as a file."""
    path = folder / "settings.json"
    path.write_text(json.dumps(asdict(TINY)))
    return path


def measured(lane: list[float], report: float, night: float) -> dict[str, Any]:
    """A version as `Lab.measured` gives it."""
    return {"lane": lane, "lane_of_data_set": lane[0], "report": report, "modes": {"night": night}}


def arm(*after: dict[str, Any]) -> dict[str, Any]:
    """An arm that labelled: what its versions were measured at after each round."""
    facts = {
        "candidates": 20, "vetoed": 1, "counterexamples": 4, "failures_in_m": 0.5, "failures_in_s": 0.75,
        "mean_opinion_of_s": 1.5, "modes_of_s": {"night": 3, "poster": 1},
    }  # fmt: skip
    return {"rounds": [{**facts, "after": item} for item in after], "learned": [], "tests": []}


def seed_result(mad: float, random: float, entropy: float) -> dict[str, Any]:
    """A seed in which the arms gain so much on each image of the lane, from 0.5, and lose a tenth of it on T0."""

    def gained(by: float) -> dict[str, Any]:
        return measured([0.5 + by, 0.5 + by], 0.8 - by / 10, 0.2 + 2 * by)

    duel = {"images": 4, "first": 0.6, "second": 0.5, "lead": [0.1, 0.0, 0.2], "p_value": 0.5}
    lane = {"area": 0.1, "area_of_entropy": 0.2, "area_of_truth": 0.05, "area_of_nothing": 0.3}
    modes = {"failures_by_mode": {"night": 3, "poster": 1}, "unranked_by_mode": {"poster": 1}}
    return {
        "before": measured([0.5, 0.5], 0.8, 0.2),
        "arm-mad": arm(gained(mad / 2), gained(mad)),
        "arm-entropy": arm(gained(0.0), gained(entropy)),
        "arm-random": arm(gained(0.0), gained(random)),
        "tests": {"table": [[[0.2, 0.1, 0.3], [0.4, 0.3, 0.5]], [[0.5, 0.4, 0.6], [0.3, 0.2, 0.4]]]},
        "contest": {"drawn": duel, "all": {"images": 0}},
        "stability": {"srcc": [None, 0.5, 1.0]},
        "lane": {**lane, **modes, "risk": {"1.0": 0.3}, "unranked_share": 0.25},
    }
