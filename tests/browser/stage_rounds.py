"""Rounds, runs and standings on the stage; in memory, as the services would tell them."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from tests.browser import canned, scenes
from tests.browser.answers import Answer, events, problem
from tests.browser.canned import Answer as Said

if TYPE_CHECKING:
    from tests.browser.stage import Stage

ROUNDS = tuple(f"{number:032x}" for number in (0xA1, 0xA2, 0xA3))
"""Ids of the rounds, the first one first."""
RUN = "f1" * 16
STEPS = ("mining", "scoring", "choosing", "drawing", "evaluating", "training", "replaying")
MINUTES = (11, 95, 1, 210, 2, 48, 9)
"""How long each step took."""


@dataclass
class RoundDesk:
    """What goes on; fields may be changed while the stage runs."""

    step: str = "drawing"
    awaits: bool = False
    done: int = 36
    outcome: str | None = None
    run_state: str = "released"
    waits_for: str = ""
    epochs: int = 12
    serving: list[int] = field(default_factory=lambda: [2])
    policy: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plan = {**canned_plan(), "approve_choice": False}
        self.policy = {
            "model": "ours",
            "enabled": True,
            "candidates": 500,
            "seconds": 604800,
            "rounds": 4,
            "plan": plan,
        }

    def newest(self) -> Said:
        """The round that goes on."""
        found = past(3, "ours/3", 400, None)
        at = STEPS.index(self.step) if self.step in STEPS else len(STEPS)
        total = {"scoring": 1186, "drawing": 142, "training": 600}.get(self.step, 48213)
        notes = {"drawing": ["44 masks wait for somebody to draw them", "9 masks wait for a reviewer"]}
        told = [] if self.outcome else notes.get(self.step, [f"{self.step} <b>goes on</b>"])
        steps = records(min(at + 1, len(STEPS)), 400, ended=self.step == "ended")
        chosen = at > STEPS.index("choosing")
        return {
            **found,
            "step": self.step,
            "outcome": self.outcome,
            "notes": told,
            "awaits_approval": self.awaits,
            "done": self.done,
            "total": 0 if self.step == "ended" else total,
            "steps": steps,
            "run_id": RUN if at >= STEPS.index("training") else "",
            "counterexamples": 100 if chosen else 0,
            "test": 40 if chosen else 0,
        }

    def all(self) -> list[Said]:
        """Newest first."""
        refused = {**past(2, "ours/3", 2900, None), "outcome": "refused", "notes": ["mIoU on T0-report fell by 0.031"]}
        return [self.newest(), refused, past(1, "ours/2", 6000, "ours/3")]


def canned_plan() -> Said:
    """What a round does."""
    bounds = {"drop": 0.01, "negative_flips": 0.1, "flip": 0.1, "megabytes": 2000.0, "slower": 1.25}
    training = {"target": "ours/3", "campaign_ids": [], "s0": "/data/s0", "t0": "/data/t0", "recipe": "modern"}
    return {
        "per_ranking": 25,
        "campaign": canned.plan(),
        "annotators": ["linus", "tove"],
        "double_share": 0.05,
        "training": {**training, "changes": {"epochs": 12}, "bounds": bounds, "seed": 7, "promote": False},
        "approve_choice": True,
        "approve_release": True,
        "evaluate_only": False,
    }


def past(number: int, target: str, minutes: float, released: str | None) -> Said:
    """A round that has ended, begun so many minutes ago."""
    return {
        "id": ROUNDS[number - 1],
        "number": number,
        "target": target,
        "plan": canned_plan(),
        "step": "ended",
        "outcome": "released",
        "notes": [],
        "awaits_approval": False,
        "done": 0,
        "total": 0,
        "steps": records(len(STEPS), minutes, ended=True),
        "created_at": canned.ago(minutes),
        "changed_at": canned.ago(minutes - sum(MINUTES)),
        "started_by": "hopper" if number == 1 else "policy",
        "candidate_set_id": "c5" * 16,
        "campaign_id": canned.CAMPAIGN,
        "run_id": RUN,
        "released": released,
        "candidates": 1186,
        "counterexamples": 100,
        "test": 40,
    }


def records(count: int, minutes: float, *, ended: bool) -> list[Said]:
    """The first steps, one after the other; the last goes on unless it has ended."""
    found: list[Said] = []
    began = minutes
    for step, took in zip(STEPS[:count], MINUTES, strict=False):
        found.append({"step": step, "began_at": canned.ago(began), "ended_at": canned.ago(began - took)})
        began -= took
    if not ended:
        found[-1]["ended_at"] = None
    return found


def run(desk: RoundDesk) -> Said:
    """A run whose two learning rates were tried."""
    kept = {"rates": 2, "epochs": 12, "step": 50, "steps": 50, "class_iou": [], "seconds_left": None}
    epochs = [
        {
            "rate": rate,
            "epoch": epoch,
            "learning_rate": peak * 0.5 * (1 + math.cos(math.pi * epoch / 12)),
            "loss": 0.9 * math.exp(-0.22 * rate * epoch) + 0.18,
            "selected": 0.52 + 0.06 * rate * (1 - math.exp(-0.4 * epoch)) - 0.001 * epoch,
            **kept,
        }
        for rate, peak in ((1, 1e-4), (2, 3e-4))
        for epoch in range(1, desk.epochs + 1)
    ]
    refused = desk.run_state == "refused"
    return {
        "id": RUN,
        "plan": canned_plan()["training"],
        "state": desk.run_state,
        "created_at": canned.ago(80),
        "changed_at": canned.ago(32),
        "progress": {**epochs[-1], "epoch": 9, "step": 20, "seconds_left": 340.0} if epochs else None,
        "reasons": ["T0-report fell by 0.031 where 0.010 is allowed"] if refused else [],
        "checks": [] if desk.run_state in ("preparing", "training") else checks(refused),
        "examples": {"s": 95, "s0": 400, "t0_select": 48, "t0_report": 52},
        "before": {"value": 0.561, "low": 0.53, "high": 0.59, "images": 52},
        "after": {"value": 0.53 if refused else 0.574, "low": 0.54, "high": 0.604, "images": 52},
        "released": "ours/3" if desk.run_state == "released" else None,
        "data_sha256": "ab" * 32,
        "started_by": "rounds",
        "epochs": epochs,
        "waits_for": desk.waits_for,
    }


def checks(refused: bool) -> list[Said]:
    """The gate's."""
    t0 = "T0-report fell by 0.031, at most 0.010 is allowed" if refused else "T0-report rose by 0.013"
    said = (
        ("agreement", "The exported network agrees with torch on 99.998 % of the pixels, 99.9 % are needed", True),
        ("t0_report", t0, not refused),
        ("negative_flips", "2 of 52 images got worse by more than 0.1, 5 are allowed", True),
        ("megabytes", "The file has 168 MB, 2,000 are allowed", True),
        ("slower", "A picture takes 1.01 times as long, 1.25 is allowed", True),
    )
    return [{"name": n, "found": 1.0, "allowed": 1.0, "passed": ok, "sentence": words} for n, words, ok in said]


def figure(value: float, images: int) -> Said:
    """With its interval."""
    half = 0.4 / math.sqrt(images)
    return {"value": value, "low": value - half, "high": value + half, "images": images}


def standings() -> Said:
    """Three versions and three competitors on two Ts, the random lane and T0-report."""
    sets = [
        {"kind": "round", "round": 1, "images": 30, "against": "ours/2", "vetoed": 2},
        {"kind": "round", "round": 2, "images": 30, "against": "ours/3", "vetoed": 0},
        {"kind": "random_lane", "round": 0, "images": 120, "against": None, "vetoed": 7},
        {"kind": "t0_report", "round": 0, "images": 52, "against": None, "vetoed": 0},
    ]
    values = {
        "ours/2": (0.214, 0.402, 0.548, 0.561),
        "ours/3": (0.371, 0.266, 0.583, 0.574),
        "deeplab/1": (0.305, 0.341, 0.541, None),
        "segformer/4": (0.402, 0.418, 0.602, None),
        "upernet/1": (0.288, 0.309, 0.527, None),
    }
    return {
        "sets": sets,
        "standings": [
            {
                "set": place,
                "version": name,
                "figure": figure(numbers[place], sets[place]["images"]),  # type: ignore[arg-type]
                "clean": (name, place) != ("ours/3", 0),
            }
            for place in range(4)
            for name, numbers in values.items()
            if numbers[place] is not None
        ],
        "ties": [
            {"set": 0, "versions": ["segformer/4", "ours/3"]},
            {"set": 0, "versions": ["deeplab/1", "upernet/1", "ours/2"]},
            {"set": 1, "versions": ["segformer/4", "ours/2", "deeplab/1"]},
            {"set": 1, "versions": ["deeplab/1", "upernet/1", "ours/3"]},
            {"set": 2, "versions": ["segformer/4", "ours/3"]},
            {"set": 2, "versions": ["ours/2", "deeplab/1", "upernet/1"]},
        ],
        "differences": [
            difference(0, (0.157, 0.09, 0.221), 0.0004, None, (3, 19)),
            difference(2, (0.035, 0.011, 0.058), 0.006, 74, (9, 31)),
            difference(3, (0.013, -0.004, 0.03), 0.13, 410, (2, 6)),
        ],
        "stability": [None, *(1 - 0.9 / (count + 1) for count in range(1, 30))],
    }


def difference(
    place: int, gain: tuple[float, float, float], p: float, needed: int | None, moved: tuple[int, int]
) -> Said:
    """ours/3 against ours/2."""
    value, low, high = gain
    return {
        "set": place,
        "before": "ours/2",
        "after": "ours/3",
        "gain": {"value": value, "low": low, "high": high, "images": 30},
        "p_value": p,
        "images_to_separate": needed,
        "more_images": None if needed is None else max(0, needed - 30),
        "corrected": None,
        "worse": moved[0],
        "better": moved[1],
    }


def repairs(start: int, count: int, *, after: bool) -> list[Said]:
    """Images of S with a mask."""
    return [
        {
            "image_id": scenes.image_id(100 + rank),
            "rank": rank,
            "mean": 1 + 0.012 * rank,
            "main_class": canned.RANKED[rank % 8],
            "before": 0.18 + 0.017 * (rank % 9),
            "task_id": scenes.image_id(100 + rank),
            "revision": 2,
            "after": 0.55 - 0.055 * (rank % 11) + 0.2 if after else None,
        }
        for rank in range(start + 1, start + count + 1)
    ]


def _round(stage: "Stage", number: str) -> Said | None:
    return next((item for item in stage.rounds.all() if number in (item["id"], "newest")), None)


def _list(stage: "Stage", *_: Any) -> Any:
    return {"rounds": [] if stage.empty else stage.rounds.all(), "next_page_token": ""}


def _one(stage: "Stage", _: Request, number: str) -> Any:
    return _round(stage, number) or problem(404, "Not found", f"there is no round {number}")


def _one_events(stage: "Stage", _: Request, number: str) -> Response:
    return events(stage, "round", lambda: {"round": _round(stage, number)})


def _start(stage: "Stage", *_: Any) -> Any:
    if not stage.sent[-1][2]["plan"]["training"]["t0"]:
        return problem(400, "Bad request", "t0 must be a folder")
    return stage.rounds.newest()


def _approve(stage: "Stage", *_: Any) -> Any:
    stage.rounds.awaits = False
    return stage.rounds.newest()


def _cancel(stage: "Stage", *_: Any) -> Any:
    stage.rounds.step, stage.rounds.outcome, stage.rounds.awaits = "ended", "cancelled", False
    return stage.rounds.newest()


def _policy(stage: "Stage", request: Request) -> Any:
    if request.method == "PUT":
        stage.rounds.policy = stage.sent[-1][2]
    return problem(404, "Not found", "no model is a target") if stage.empty else stage.rounds.policy


def _standings(stage: "Stage", *_: Any) -> Any:
    return problem(404, "Not found", "there is no target") if stage.empty else standings()


def _comparison(stage: "Stage", *_: Any) -> Any:
    if stage.empty:
        return {"comparison": None}
    pair = {**difference(0, (0.035, 0.011, 0.058), 0.006, 194, (9, 31)), "more_images": 74, "corrected": 0.018}
    lane = {"kind": "random_lane", "round": 0, "images": 120, "against": None, "vetoed": 7}
    return {"comparison": {"test_set": lane, "pairs": [pair], "ties": [], "stability": [None, 1]}}


def _coverage(stage: "Stage", *_: Any) -> Any:
    if stage.empty:
        return {"coverage": None}
    seen = {
        "version": "ours/3",
        "images": 113,
        "curve": [{"coverage": part / 20, "risk": 0.2 + 0.012 * part} for part in range(1, 21)],
        "correlation": 0.61,
        "failures": 24,
        "unranked": 5,
        "behind": 11,
        "unranked_share": {"value": 5 / 24, "low": 0.083, "high": 0.375, "images": 24},
        "worst": [
            {
                "image_id": scenes.image_id(500 + at),
                "mean_iou": 0.05 + 0.03 * at,
                "mean_discrepancy": 0.6 - 0.05 * at,
                "rankings": at,
                "top": at // 2,
            }
            for at in range(6)
        ],
    }
    return {"coverage": seen}


def _competition(stage: "Stage", *_: Any) -> Any:
    if stage.empty:
        return {"competition": None}
    names, values = ("deeplab/1", "ours/2", "ours/3"), (0.31, 0.28, 0.42)
    duels: list[Said] = [
        {
            "first": names[a],
            "second": names[b],
            "images": 40,
            "drawn": 36,
            "first_figure": figure(values[a], 36),
            "second_figure": figure(values[b], 36),
            "gain": figure(values[b] - values[a], 36),
            "corrected": 0.0005 if b == 2 else 0.4,
            "first_right": 11,
            "second_right": 19,
            "more_images": 0 if b == 2 else 260,
            "classes": [],
        }
        for a, b in ((0, 1), (0, 2), (1, 2))
    ]
    ranking = [{"version": names[at], "strength": part} for at, part in ((2, 0.42), (0, 0.31), (1, 0.27))]
    known = {"candidate_set_id": scenes.image_id(900), "contestants": names, "images": 96, "drawn": 88, "vetoed": 2}
    return {"competition": {**known, "duels": duels, "ranking": ranking, "stability": [None, 0.5, 1]}}


def _repairs(stage: "Stage", request: Request, number: str) -> Any:
    start, size = int(request.query_params.get("page_token") or 0), int(request.query_params["page_size"])
    found = _round(stage, number)
    after = bool(found and found["released"])
    return {"repairs": repairs(start, size, after=after), "next_page_token": str(start + size) if start < 12 else ""}


def _mask(_: "Stage", request: Request, task: str, revision: str) -> Response:
    return Response(scenes.label_map(task, "drawn"), media_type="application/octet-stream")


def _run_events(stage: "Stage", *_: Any) -> Response:
    return events(stage, "run", lambda: {"run": run(stage.rounds)})


def _promote(stage: "Stage", *_: Any) -> Any:
    stage.rounds.run_state = "released"
    return run(stage.rounds)


def _roll_back(stage: "Stage", *_: Any) -> Any:
    return {"model": {"name": "ours", "serving": [2]}, "before": [3]}


def _report(stage: "Stage", *_: Any) -> Response:
    return Response("<!doctype html><title>Round</title>", media_type="text/html")


ANSWERS: dict[tuple[str, str], Answer] = {
    ("GET", "rounds"): _list,
    ("POST", "rounds"): _start,
    ("GET", "rounds/events"): lambda stage, *_: events(stage, "rounds", lambda: _list(stage)),
    ("GET", "rounds/*"): _one,
    ("GET", "rounds/*/events"): _one_events,
    ("POST", "rounds/*/approve"): _approve,
    ("POST", "rounds/*/cancel"): _cancel,
    ("GET", "rounds/*/repairs"): _repairs,
    ("GET", "mask-tasks/*/revisions/*/canonical"): _mask,
    ("GET", "rounds/*/report"): _report,
    ("GET", "policy"): _policy,
    ("PUT", "policy"): _policy,
    ("GET", "standings"): _standings,
    ("GET", "comparison"): _comparison,
    ("GET", "coverage"): _coverage,
    ("GET", "competition"): _competition,
    ("GET", "runs/*"): lambda stage, *_: run(stage.rounds),
    ("GET", "runs/*/events"): _run_events,
    ("POST", "runs/*/promote"): _promote,
    ("POST", "runs/*/cancel"): _promote,
    ("POST", "models/*/rollback"): _roll_back,
}
"""By method and path; a star stands for one part of the path."""
