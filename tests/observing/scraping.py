"""Reads what a process gives out, and what has changed between two looks."""

import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.openmetrics.parser import text_string_to_metric_families

Series = tuple[str, frozenset[tuple[str, str]]]
"""Name and labels."""


@dataclass(frozen=True)
class Scraped:
    """What one look showed."""

    values: Mapping[Series, float]
    exemplars: Mapping[Series, str]
    """The trace ids that series lead to."""

    def at(self, name: str, **labels: str) -> float:
        """The sum over the series of a name that have these labels; 0 where there are none."""
        wanted = set(labels.items())
        return sum(value for (found, having), value in self.values.items() if found == name and wanted <= having)

    def since(self, before: "Scraped", name: str, **labels: str) -> float:
        """By how much a series has grown."""
        return self.at(name, **labels) - before.at(name, **labels)

    def labels(self, name: str, label: str) -> set[str]:
        """The values of a label of a name."""
        return {dict(having)[label] for found, having in self.values if found == name}


def scrape(url: str) -> Scraped:
    """Asks as Prometheus does, for OpenMetrics, which its own parser checks."""
    asked = urllib.request.Request(url, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        text = answer.read().decode()
    values, exemplars = {}, {}
    for family in text_string_to_metric_families(text):  # type: ignore[no-untyped-call]
        for sample in family.samples:
            series = sample.name, frozenset(sample.labels.items())
            values[series] = sample.value
            if sample.exemplar is not None:
                exemplars[series] = sample.exemplar.labels["trace_id"]
    return Scraped(values, exemplars)
