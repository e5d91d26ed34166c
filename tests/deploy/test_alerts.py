"""What Prometheus is told to call for: each alert goes off when it should, and has a page that says what to do."""

import re
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from deploy.local.server import Lacking
from madseg.cli import app
from madseg.observing.exposing import Exposed
from madseg.observing.readings import Readings
from tests.deploy.promtool import promtool
from tests.deploy.queries import COUNTED, READ, check_query

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks"
RULES = ROOT / "deploy" / "prometheus" / "alerts.yaml"
CASES = Path(__file__).with_name("alerts.test.yaml")
ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
}


@pytest.fixture
def checker() -> Path:
    """Prometheus' own."""
    try:
        return promtool()
    except Lacking as error:
        pytest.skip(str(error))


def checked(command: list[str], folder: Path) -> None:
    """The checker finds nothing."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_configuration_and_the_rules_are_prometheus(checker: Path) -> None:
    """By its own checker."""
    checked([str(checker), "check", "config", "prometheus.yaml"], RULES.parent)
    checked([str(checker), "check", "rules", "alerts.yaml"], RULES.parent)


def test_alerts_go_off_when_they_should_and_only_then(checker: Path, tmp_path: Path) -> None:
    """Over the series of `alerts.test.yaml`."""
    shutil.copy(RULES, tmp_path)
    shutil.copy(CASES, tmp_path)
    checked([str(checker), "test", "rules", CASES.name], tmp_path)


def test_figures_follow_the_conventions(checker: Path) -> None:
    """Every one that may be given out, by Prometheus' own checker of names and sentences."""
    for family in COUNTED:
        if family._labelnames:
            family.labels(*("any" for _ in family._labelnames))
    readings = Readings("all", lambda: [figure.at(1, *("any" for _ in figure.labels)) for figure in READ])
    page = Exposed("127.0.0.1:0")
    for part in (page, readings):
        part.start()
    with urllib.request.urlopen(page.url, timeout=20) as answer:
        text = answer.read()
    for part in (readings, page):
        part.stop()
    for family in COUNTED:
        if family._labelnames:
            family.remove(*("any" for _ in family._labelnames))
    done = subprocess.run([str(checker), "check", "metrics"], input=text, capture_output=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_every_alert_is_seen_to_go_off_and_to_keep_quiet() -> None:
    """In the cases."""
    cases = [case for test in yaml.safe_load(CASES.read_text())["tests"] for case in test["alert_rule_test"]]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == ALERTS.keys()
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == ALERTS.keys()


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_it_asks_for_figures_that_there_are(name: str) -> None:
    """With labels that they have."""
    check_query(ALERTS[name]["expr"])


def test_every_alert_has_its_page_and_every_page_its_alert() -> None:
    """What it means, how to look, what to do."""
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == ALERTS.keys()
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook"] == f"docs/runbooks/{name}.md"
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        text = (RUNBOOKS / f"{name}.md").read_text()
        assert text.startswith(f"# {name}\n")
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
            "What it does to the service",
            "How to look",
            "What to do",
        ]


def test_pages_name_commands_and_pages_that_there_are() -> None:
    """So that nobody looks for them at night."""
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for page in [*RUNBOOKS.glob("*.md"), ROOT / "docs" / "observability.md"]:
        text = page.read_text()
        for words in re.findall(r"`madseg ((?:[a-z]+ ?)+)", text):
            command, *rest = words.split()
            assert command in commands, f"{page.name}: madseg {words}"
            inner = getattr(commands[command], "commands", None)
            assert inner is None or rest[0] in inner, f"{page.name}: madseg {words}"
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"
