"""`madseg demo` with a round of fine-tuning, as small as it can be: the whole loop on the real services."""

import re
from pathlib import Path

import pytest

from madseg.client.values.rounds import RoundOutcome
from madseg.demo import main
from madseg.demo.course import Course
from madseg.demo.running import Running

pytest.importorskip("torch", reason="pip install 'madseg[finetune]'")

SMALL = Course(
    rounds=1,
    per_ranking=2,
    counterexamples=6,
    test_reserved=6,
    test_reported=5,
    lane=4,
    s0=10,
    t0=16,
    changes={"learning_rates": [1e-4], "epochs": 1, "patience": 0, "averages": [0.5], "batch": 8},
)


def test_the_demo_closes_the_loop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Mine, score, draw, train, release, and once more M, scores and T; Table 1, new against old, cost, report."""
    output = tmp_path / "demo"
    main(output=output, images=100, course=SMALL)
    out, told = capsys.readouterr()
    for step in ("mining", "scoring", "choosing", "drawing", "evaluating", "training"):
        assert re.search(rf"^\[ *\d+ s\]   {step}: ", told, re.MULTILINE), step
    assert "Round 1 of 1" in told
    assert "Once more M, scores and T(2)" in told
    assert re.search(r"^ +T\(1\) +T\(2\) +random", out, re.MULTILINE)
    for line in ("unet/1", "overview/1", "M, the candidates", "ada"):
        assert re.search(rf"^{line}\b", out, re.MULTILINE), line
    assert re.search(r"^People would have spent \d+\.\d h", out, re.MULTILINE)
    page = (output / "report.html").read_text()
    assert page.count("data:image/") > 100
    assert not (output / "state" / "endpoints.json").exists(), "the services have stopped"
    with Running(output / "state", {}) as client:  # what it left needs no other settings
        last, first = client.rounds()
        assert (last.outcome, first.number) == (RoundOutcome.EVALUATED, 1)
        assert first.outcome in (RoundOutcome.RELEASED, RoundOutcome.REFUSED)
