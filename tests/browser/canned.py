"""What the services would answer, as the API of the pages says it."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.browser.scenes import CLASSES, SIDE, image_id, objects

Answer = dict[str, Any]

NOW = datetime(2026, 5, 12, 14, 30, tzinfo=UTC)
TARGET, COMPETITORS = "ours/3", ("deeplab/1", "segformer/4", "upernet/1")
CAMPAIGN = "ca" * 16
EARLIER = "ea" * 16
RANKED = [name for name, _ in CLASSES[1:]]


def ago(minutes: float) -> str:
    """ISO 8601."""
    return (NOW - timedelta(minutes=minutes)).isoformat()


def parsed(version: str) -> Answer:
    """A version as the API writes one inside an object."""
    model, _, number = version.partition("/")
    return {"model": model, "version": int(number)}


def taxonomy(background: int = 0) -> Answer:
    """Nine of VOC's classes; where background is void, the first one is a road."""
    classes = [
        {"label": i, "name": name, "colour": colour, "ranked": i != background}
        for i, (name, colour) in enumerate(CLASSES)
    ]
    if background:
        classes[0] |= {"name": "road", "colour": "#804080"}
    return {"classes": classes, "void": 255, "background": background, "grid": {"height": SIDE, "width": SIDE}}


def contest(competitor: str, missing: int = 0) -> Answer:
    """The target against one of them."""
    state = "filling" if missing else "complete"
    sides = {"target": TARGET, "competitor": competitor}
    return {**sides, "state": state, "compared": 48210 - missing, "failed": 3, "missing": missing}


def candidate_set() -> Answer:
    """The newest M."""
    return {
        "id": "c5" * 16,
        "cut_at": ago(95),
        "per_ranking": 25,
        "size": 1186,
        "criteria_id": "9f2c",
        "contests": [contest(name) for name in COMPETITORS],
        "offsets": [],
        "near_duplicates": 211,
        "note": "after the first week of rain",
    }


def plan() -> Answer:
    """Of the campaign."""
    return {
        "raters": 3,
        "counterexamples": 100,
        "test_reserved": 40,
        "test_reported": 30,
        "test_per_class": 4,
        "adaptive": True,
        "full_share": 0.1,
        "repeat_share": 0.05,
        "lease_seconds": 900,
        "seed": 7,
    }


def campaign(state: str = "open") -> Answer:
    """Two thirds done, or done."""
    finished = 1186 if state != "open" else 790
    return {
        "id": CAMPAIGN,
        "created_at": ago(80),
        "candidate_set_id": "c5" * 16,
        "target": TARGET,
        "plan": plan(),
        "state": state,
        "images": 1186,
        "finished": finished,
        "vetoed": 41,
        "grades": 2204,
        "grades_wanted": 3435,
        "carried": 120,
        "active": ["ada", "grace"],
        "note": "first round",
    }


def overview(images: int = 48213) -> Answer:
    """A busy afternoon."""
    rng = random.Random(images)
    rates = [
        {"at": ago(60 - minute), "value": max(0.0, 14 + 6 * rng.random() - (9 if 22 < minute < 28 else 0))}
        for minute in range(60)
    ]
    return {
        "images": images,
        "random_lane": 964,
        "lag": 1204,
        "dead_letters": 2,
        "revision": images * 3,
        "images_per_s": rates,
        "parts": [
            {"name": "gateway", "ok": True, "detail": ""},
            {"name": "predictor", "ok": True, "detail": ""},
            {"name": "selector", "ok": True, "detail": ""},
            {"name": "models", "ok": False, "detail": "no answer from 127.0.0.1:7002 for 40 s"},
            {"name": "labelling", "ok": True, "detail": ""},
            {"name": "finetune", "ok": True, "detail": ""},
            {"name": "rounds", "ok": True, "detail": ""},
        ],
        "versions": [
            {"version": version, "role": role, "stored": stored, "failed": 1, "serving": True}
            for version, role, stored in (
                (TARGET, "target", 48210),
                ("deeplab/1", "competitor", 48211),
                ("segformer/4", "competitor", 48210),
                ("upernet/1", "competitor", 31054),
            )
        ],
        "contests": [contest("deeplab/1"), contest("segformer/4"), contest("upernet/1", missing=17156)],
        "replays": [
            {
                "version": "upernet/1",
                "stored": 31054,
                "failed": 3,
                "missing": 17156,
                "images_per_second": 11.4,
                "seconds_left": 1505.0,
            }
        ],
        "candidate_sets": [candidate_set()],
        "campaigns": [campaign()],
        "mask_tasks": {"waiting": 44, "drawing": 6, "submitted": 9, "in_review": 3, "sent_back": 2, "accepted": 36},
        "people": [
            {"name": "ada", "doing": "scoring"},
            {"name": "grace", "doing": "scoring"},
            {"name": "linus", "doing": "drawing"},
        ],
    }


def nothing() -> Answer:
    """The first minute of a deployment."""
    lists = ("images_per_s", "versions", "contests", "replays", "candidate_sets", "campaigns", "people", "rounds")
    counts = ("images", "random_lane", "lag", "dead_letters", "revision")
    names = ("gateway", "predictor", "selector", "models", "labelling", "finetune", "rounds")
    parts = [{"name": name, "ok": True, "detail": ""} for name in names]
    empty: Answer = {"parts": parts, "mask_tasks": {}}
    return {**empty, **{name: [] for name in lists}, **dict.fromkeys(counts, 0)}


def matrix() -> Answer:
    """Every class by every competitor and defender; one cell is empty."""
    rng = random.Random(4)
    cells = [
        _cell(rng, competitor, defender, name)
        for competitor in COMPETITORS
        for defender in ("target", "competitor")
        for name in RANKED
    ]
    return {"target": TARGET, "cells": cells}


def _cell(rng: random.Random, competitor: str, defender: str, name: str) -> Answer:
    empty = (competitor, name) == ("upernet/1", "bird")
    mean = 0.0 if empty else rng.uniform(0.12, 0.68)
    images = 0 if empty else rng.randint(300, 6200)
    return {
        "competitor": competitor,
        "defender": defender,
        "class_name": name,
        "images": images,
        "eligible": images // 2,
        "mean_discrepancy": mean,
        "top_discrepancy": None if empty else min(0.97, mean + 0.29),
    }


def entries(start: int, count: int, revision: int = 0) -> list[Answer]:
    """Images of a ranking from `start`; a later revision has new ones at the top."""
    return [_entry(number + 1, number - revision) for number in range(start, start + count)]


def _entry(rank: int, number: int) -> Answer:
    return {
        "rank": rank,
        "image_id": image_id(number),
        "discrepancy": 0.93 - 0.011 * (rank - 1),
        "area_share": 0.08 + 0.003 * (rank % 7),
        "source": "camera-7" if number % 3 else "upload",
        "captured_at": ago(60 * 24 + 37 * number),
        "near_duplicates": [image_id(900 + number)] if number % 4 == 1 else [],
    }


def why(image: str) -> Answer:
    """Compared in three contests, kept out of one ranking."""
    label = objects(image)[0][0]
    return {
        "image_id": image,
        "source": "camera-7",
        "captured_at": ago(1500),
        "random_lane": False,
        "exclusions": [],
        "outcomes": [
            {"version": name, "failure": None, "mean_entropy": 0.21 + 0.1 * i}
            for i, name in enumerate((TARGET, *COMPETITORS))
        ],
        "contests": [_outcome(competitor, i, CLASSES[label][0]) for i, competitor in enumerate(COMPETITORS)],
        "candidate_set_ids": ["c5" * 16],
    }


def _outcome(competitor: str, place: int, name: str) -> Answer:
    outside = "area share 0.004 is outside [0.02, 0.9]"
    classes = [
        {"defender": "target", "class_name": name, "area_share": 0.09, "rank": 4 + 11 * place, "reason": ""},
        {"defender": "competitor", "class_name": "bird", "area_share": 0.004, "rank": 0, "reason": outside},
    ]
    return {"target": TARGET, "competitor": competitor, "discrepancy": 0.91 - 0.2 * place, "classes": classes}


def agreement(marked: str = "") -> Answer:
    """Three raters, one of whom is careless; `marked` goes with that one's name."""
    return {
        "alpha": 0.71,
        "images": 118,
        "raters": [
            _rater("ada", (812, 11, 4), (-0.12, 0.41), (40, 0.85), 2.61),
            _rater("grace", (790, 14, 9), (0.08, 0.52), (38, 0.79), 2.83),
            _rater(f"linus{marked}", (602, 58, 31), (0.44, 0.97), (30, 0.43), 3.22),
            _rater("tove", (3, 0, 1), (None, None), (0, None), 2.0),
        ],
        "hours_scoring": 4.6,
        "hours_masks": 3.75,
        "hours_all_masks": 44.5,
        "grades_saved": 861,
        "vetoes_missed": 1.7,
    }


def _rater(
    rater: str,
    judged: tuple[int, int, int],
    fitted: tuple[float | None, float | None],
    repeated: tuple[int, float | None],
    mean: float,
) -> Answer:
    grades, vetoes, abstentions = judged
    return {
        "rater": rater,
        "grades": grades,
        "vetoes": vetoes,
        "abstentions": abstentions,
        "veto_rate": vetoes / sum(judged),
        "bias": fitted[0],
        "inconsistency": fitted[1],
        "repeats": repeated[0],
        "self_agreement": repeated[1],
        "mean_grade": mean,
    }


def vetoes(marked: str = "") -> list[Answer]:
    """One is taken back; `marked` goes with the words of another."""
    return [
        _veto(60, "ada", 12, "no_class"),
        _veto(61, "linus", 30, "other", f"{marked}a drawing"),
        _veto(62, "grace", 55, "corrupt", "lower half grey", "hopper"),
    ]


def _veto(number: int, rater: str, minutes: float, reason: str, text: str = "", revoked_by: str = "") -> Answer:
    said = {"reason": reason, "text": text, "revoked_by": revoked_by}
    return {"image_id": image_id(number), "rater": rater, "at": ago(minutes), **said}


def chosen() -> Answer:
    """S, T and who just missed."""
    return {
        "campaign_id": CAMPAIGN,
        "chosen_at": ago(2),
        "counterexamples": [_chosen(rank, 100 + rank) for rank in range(1, 101)],
        "test": [_chosen(rank, 300 + rank) for rank in range(1, 31)],
        "just_missed": [_chosen(rank, 400 + rank) for rank in range(101, 111)],
    }


def _chosen(rank: int, number: int) -> Answer:
    mean, discrepancy = min(5.0, 1 + rank * 0.012), 0.8 - rank * 0.002
    image = {"image_id": image_id(number), "main_class": RANKED[number % 8]}
    return {"rank": rank, "mean": mean, "mean_discrepancy": discrepancy, **image}


def opinions() -> list[Answer]:
    """Lowest first."""
    return [_opinion(100 + place, 1 + 0.03 * place) for place in range(20)]


def _opinion(number: int, mean: float) -> Answer:
    counts = {"grades": 3, "abstentions": 0, "vetoes": 0}
    known = {"mean": mean, "half_width": 0.6, "adjusted": None, "mean_discrepancy": 0.7}
    return {"image_id": image_id(number), **known, **counts}
