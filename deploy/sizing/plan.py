"""A layout for a rate of images: enough of each for bursts, tried out by simulation, and where the design ends."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from deploy.sizing.costs import Costs
from deploy.sizing.simulate import BURST_EVERY, Layout, Outcome, Times, simulate
from madseg.adapters.databases.postgres import KEPT, MOST

FILLED = 0.45
"""Share of its time that a station is planned to be busy, since twice as many images come in a burst."""

DAY = 86400.0

LARGEST_DATABASE = 64
"""Cores of the largest single PostgreSQL that this is planned for; more doesn't help, since one commits at a time."""

SINGLE = 3
"""Services with a database of which there is one process: labelling, fine-tuning, rounds."""

LARGEST_POOL = 10_000
"""Connections of the largest single PostgreSQL that this is planned for: each is a process of some megabytes."""

LARGEST_STREAM = 10_000
"""Partitions beyond which a Kafka cluster is a project of its own."""

MOST_IMAGES = 40_000
"""Images that a simulation carries through, a minute's bursts at least: enough for a 99th percentile."""


@dataclass(frozen=True)
class Plan:
    """`cores` by part, services and servers; `connections` that PostgreSQL has open for long, and `most` for a moment;
    `daily` bytes by server; `ends` says what is out of reach.
    """

    rate: float
    layout: Layout
    outcome: Outcome
    cores: dict[str, float]
    connections: int
    most: int
    daily: dict[str, float]
    ends: tuple[str, ...]


def plan(rate: float, costs: Costs, gpu_rate: float) -> Plan:
    """What `rate` images a second need, with networks of which one GPU does `gpu_rate` images a second each.

    Raises:
        ValueError: a rate isn't above 0.
    """
    if rate <= 0 or gpu_rate <= 0:
        raise ValueError("images a second must be above 0")
    times = Times(
        gateway=costs.services["gateway"],
        predictor=costs.services["predictor"],
        gpu=costs.networks / gpu_rate,
        selector=costs.services["selector"],
        batch=costs.batch_seconds,
    )
    layout = _layout(rate, times)
    seconds = max(BURST_EVERY, min(3 * BURST_EVERY, MOST_IMAGES / rate))
    outcome = simulate(rate, layout, times, seconds)
    for _ in range(8):
        if outcome.keeps_up:
            break
        layout = replace(layout, gpus=layout.gpus + 1, selectors=layout.selectors + 1, predictors=layout.predictors + 1)
        layout = replace(layout, partitions=max(layout.partitions, layout.predictors, layout.selectors))
        outcome = simulate(rate, layout, times, seconds)
    servers = {name: rate * value / FILLED for name, value in costs.servers.items()}
    services = {"gateway": layout.gateways, "predictor": layout.predictors, "selector": layout.selectors}
    daily = {name: rate * value * DAY for name, value in costs.stored.items()}
    asking = layout.gateways + layout.selectors + SINGLE
    ends = tuple(_ends(layout, servers, asking * MOST, outcome))
    return Plan(rate, layout, outcome, {**services, **servers}, asking * KEPT, asking * MOST, daily, ends)


def _layout(rate: float, times: Times) -> Layout:
    """Two at least of what answers calls, so that one may be replaced."""
    predictors, selectors = _enough(rate * times.predictor), max(2, _enough(rate * times.selector))
    return Layout(
        gateways=max(2, _enough(rate * times.gateway)),
        predictors=predictors,
        gpus=_enough(rate * times.gpu),
        selectors=selectors,
        partitions=max(8, 2 ** math.ceil(math.log2(max(predictors, selectors)))),
    )


def _enough(busy: float) -> int:
    return max(1, math.ceil(busy / FILLED))


def _ends(layout: Layout, servers: dict[str, float], connections: int, outcome: Outcome) -> Sequence[str]:
    found = []
    if servers["postgres"] > LARGEST_DATABASE:
        found.append(f"PostgreSQL would need {servers['postgres']:.0f} cores, and there is one that writes")
    if connections > LARGEST_POOL:
        found.append(f"PostgreSQL may be asked for {connections:,} connections")
    if layout.partitions > LARGEST_STREAM:
        found.append(f"{layout.partitions:,} partitions of a topic")
    if not outcome.keeps_up:
        found.append("what waits grows for as long as images come")
    return found
