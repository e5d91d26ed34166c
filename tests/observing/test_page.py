"""docs/observability.md says what the code says."""

import re
from pathlib import Path

import yaml

from tests.deploy.queries import COUNTED, READ

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "observability.md").read_text()


def figures() -> list[tuple[str, str, str]]:
    """(name, labels, sentence) of every figure of ours."""
    read = [(figure.name, figure.labels, figure.sentence) for figure in READ]
    counted = [
        (family._name + ("_total" if family._type == "counter" else ""), family._labelnames, family._documentation)
        for family in COUNTED
    ]
    return [(name, ", ".join(labels), sentence) for name, labels, sentence in [*counted, *read]]


def test_the_page_lists_every_figure() -> None:
    """With its labels and its sentence, and no others."""
    rows = re.findall(r"^\| `(madseg_\w+)` \| ([^|]*) \| ([^|]*) \|$", PAGE, re.MULTILINE)
    assert [(name, labels.strip(), sentence) for name, labels, sentence in rows] == figures()


def test_the_page_lists_every_alert() -> None:
    """With its severity and its runbook."""
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yaml").read_text())["groups"][0]["rules"]
    rows = re.findall(r"^\| \[(Madseg\w+)\]\(runbooks/(Madseg\w+)\.md\) \| (\w+) \|", PAGE, re.MULTILINE)
    assert rows == [(rule["alert"], rule["alert"], rule["labels"]["severity"]) for rule in rules]
