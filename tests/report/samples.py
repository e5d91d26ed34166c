"""A round with everything that a report can show."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import numpy as np
from PIL import Image

from madseg.client import (
    Agreement,
    Campaign,
    CampaignPlan,
    CampaignState,
    Competition,
    Coverage,
    CoveragePoint,
    Duel,
    DuelClass,
    Failure,
    Figure,
    GateCheck,
    Opinion,
    PairedDifference,
    RaterReport,
    Round,
    RoundOutcome,
    RoundPlan,
    RoundStep,
    Run,
    RunPlan,
    RunProgress,
    RunState,
    Standing,
    Standings,
    StepRecord,
    Strength,
    TestKind,
    TestSet,
    TieGroup,
    Version,
    VersionComparison,
)
from madseg.core.label_map import encode, from_dense
from madseg.report.facts import RoundFacts
from madseg.report.panels import LegendClass
from madseg.report.repairs import Repair

BEGUN = datetime(2026, 3, 14, 9, 26, tzinfo=UTC)
OLD, NEW, RIVAL = Version("ours", 2), Version("ours", 3), Version("<theirs>", 1)
SIDE = 16


def wire(label: int, rows: int = 8) -> bytes:
    """A map whose upper rows have a label."""
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    pixels[:rows] = label
    return encode(from_dense(pixels))


def photograph() -> bytes:
    """A PNG."""
    buffer = BytesIO()
    Image.new("RGB", (SIDE, SIDE), (90, 120, 60)).save(buffer, "PNG")
    return buffer.getvalue()


def a_round() -> Round:
    """One that has ended with a new version."""
    plan = RoundPlan(
        25, CampaignPlan(raters=3, counterexamples=2, test_reserved=4, test_reported=3), (), 0.05,
        RunPlan(OLD, (), "/s0", "/t0", "modern", {"epochs": 3}, seed=7),
    )  # fmt: skip
    return Round(
        "a1" * 16, 1, OLD, plan, RoundStep.ENDED, RoundOutcome.RELEASED, ("<b>all is well</b>",), False, 0, 0,
        (StepRecord(RoundStep.MINING, BEGUN, BEGUN + timedelta(minutes=5)),),
        BEGUN, BEGUN + timedelta(hours=6), "ada <script>", "cut-1", "ca" * 16, "f1" * 16, NEW, 9, 2, 3,
    )  # fmt: skip


def a_run(state: RunState = RunState.RELEASED) -> Run:
    """Two epochs at each of two learning rates."""
    epochs = tuple(
        RunProgress(rate, 2, epoch, 2, 5, 5, 1e-4 / rate, 1 / epoch, 0.25 * epoch, (), None)
        for rate in (1, 2)
        for epoch in (1, 2)
    )
    checks = (
        GateCheck("agreement", 1.0, 0.999, True, "It agrees with torch on <100 %> of the pixels"),
        GateCheck("slower", 2.0, 1.25, False, "A picture takes 2.00 times as long"),
    )
    return Run(
        "f1" * 16, RunPlan(OLD, t0="/t0", recipe="modern"), state, BEGUN, BEGUN, epochs[-1], (), checks, {},
        Figure(0.5, 0.4, 0.6, 5), Figure(0.53, 0.43, 0.63, 5), NEW, "da" * 32, "rounds", epochs,
    )  # fmt: skip


def a_table() -> Standings:
    """Three versions on a T and two on the random lane."""
    sets = (TestSet(TestKind.ROUND, 1, 30, OLD, 2), TestSet(TestKind.RANDOM_LANE, 0, 120, None, 0))
    standings = [
        Standing(place, version, Figure(value, value - 0.05, value + 0.05, 30), version != NEW or place == 1)
        for place, versions in ((0, ((OLD, 0.21), (NEW, 0.37), (RIVAL, 0.3))), (1, ((OLD, 0.5), (NEW, 0.53))))
        for version, value in versions
    ]
    ties = (TieGroup(0, (NEW, RIVAL)), TieGroup(0, (RIVAL, OLD)))
    gains = (
        PairedDifference(0, OLD, NEW, Figure(0.16, 0.1, 0.22, 30), 0.0001, None, 1, 20),
        PairedDifference(1, OLD, NEW, Figure(-0.03, -0.05, -0.01, 120), 0.02, 208, 30, 9, 88),
    )
    return Standings(sets, tuple(standings), ties, gains, (float("nan"), 0.5, 1.0))


def a_lane() -> VersionComparison:
    """Two versions on the random lane."""
    pair = PairedDifference(0, OLD, NEW, Figure(0.03, 0.01, 0.05, 120), 0.01, 88, 9, 30, 0, 0.02)
    return VersionComparison(a_table().sets[1], (pair,), (TieGroup(0, (NEW,)),), (0.4, float("nan"), 0.9, 1.0))


def a_coverage() -> Coverage:
    """Three of eight failures are in no ranking."""
    worst = Failure("0b" * 16, 0.05, 0.0, 0, 0)
    curve = (CoveragePoint(0.5, 0.2), CoveragePoint(1.0, 0.45))
    share = Figure(0.375, 0.125, 0.75, 8)
    return Coverage(a_table().sets[1], NEW, 120, curve, 0.61, 8, 3, 2, share, (worst,))


def a_competition() -> Competition:
    """Two contestants met; the third has no mask with either."""
    met = Duel(
        OLD, NEW, 20, 14, Figure(0.3, 0.2, 0.4, 14), Figure(0.5, 0.4, 0.6, 14), Figure(0.2, 0.1, 0.3, 14), 0.0002,
        2, 9, 11, (DuelClass("bus", 7, 0.3, 0.5, 1, 4),),
    )  # fmt: skip
    other = Duel(OLD, RIVAL, 5, 0, None, None, None, None, 0, 0, None, ())
    ranking = (Strength(NEW, 0.7), Strength(OLD, 0.3))
    return Competition("c0" * 16, (OLD, NEW, RIVAL), 25, 14, 1, (met, other), ranking, (float("nan"), 1.0, 1.0))


def repairs() -> Sequence[Repair]:
    """Two: one got better, one isn't predicted anew."""
    first = Repair("01" * 16, 1, 1.25, "bus", 0.2, 0.7, "7a" * 16, 2, wire(1), wire(2), wire(1, 9))
    return (first, replace(first, image_id="02" * 16, rank=2, mean=None, main_class="", after=None, new_map=None))


def facts() -> RoundFacts:
    """All of it."""
    agreement = Agreement(
        0.71, 9, (RaterReport("linus <b>", 9, 1, 0, 0.1, None, None, 0, None, 2.5),), 0.5, 3.25, 9.0, 4, 0.25
    )
    campaign = Campaign(
        "ca" * 16, BEGUN, "cut-1", OLD, CampaignPlan(), CampaignState.CLOSED, 9, 9, 1, 26, 30, 2, (), "first"
    )
    opinions = tuple(Opinion(f"{at:032x}", mean, 0.5, mean, 3, 0, 0, 0.6) for at, mean in enumerate((1.0, 1.3, 5.0)))
    return RoundFacts(
        a_round(),
        BEGUN + timedelta(hours=7),
        (
            LegendClass("background", (0, 0, 0), False),
            LegendClass("bus", (0, 128, 128)),
            LegendClass("<cat>", (64, 0, 0)),
        ),
        {"bus": 7, "<cat>": 3},
        campaign,
        agreement,
        opinions,
        repairs(),
        {"01" * 16: photograph(), "02" * 16: None},
        a_run(),
        a_table(),
        2.25,
        64,
        a_lane(),
        a_coverage(),
        a_competition(),
    )
