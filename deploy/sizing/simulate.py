"""Images through gateway, networks and selector, one by one: how long each takes to its place, and how busy all are.

Arrivals are random (Poisson), at a rate that doubles now and then. Gateway, predictor and Triton are queues with many
servers; the selector's processes share the partitions, and each takes all that waits in its own at a time.
"""

import heapq
import math
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Moments = NDArray[np.float64]
"""Seconds, or spans of them: one of each image, (N,)."""

BURST_EVERY, BURST_LASTS = 60.0, 10.0
"""Seconds: in the first ten of every minute twice as many images come, in the others fewer; the mean is the rate."""

LARGEST_BATCH = 256
"""Images that a selector takes at a time."""


@dataclass(frozen=True)
class Layout:
    """How many of each: gateways, predictors and selectors are processes of one core, `gpus` serve one network's call
    at a time.
    """

    gateways: int
    predictors: int
    gpus: int
    selectors: int
    partitions: int


@dataclass(frozen=True)
class Times:
    """Seconds of one image at each station; `gpu` is that of all its networks together; `transit` is what lies between
    being written to the stream and being read.
    """

    gateway: float
    predictor: float
    gpu: float
    selector: float
    batch: float
    transit: float = 0.01


@dataclass(frozen=True)
class Outcome:
    """`median` and `p99`: seconds from upload to ranking, `first_half_p99` of those that came in the first half of the
    time. `busy`: share of its time that a station works.
    """

    images: int
    median: float
    p99: float
    first_half_p99: float
    busy: dict[str, float]

    @property
    def keeps_up(self) -> bool:
        """False where what waits grows for as long as images come."""
        return max(self.busy.values()) < 1 and self.p99 < 2 * self.first_half_p99 + 1


def simulate(rate: float, layout: Layout, times: Times, seconds: float, seed: int = 0) -> Outcome:
    """Runs `seconds` of a stream of `rate` images a second through a layout."""
    rng = np.random.default_rng(seed)
    came = arrivals(rate, seconds, rng)

    def around(mean: float) -> Moments:
        return rng.gamma(4, mean / 4, len(came))  # spread of a half: pictures differ, but not by much

    left = served(came, layout.gateways, around(times.gateway))
    left = served(left + times.transit, layout.predictors, around(times.predictor))
    left = served(left, layout.gpus, around(times.gpu))
    took = collected(left + times.transit, layout, times, rng) - came
    batches = len(came) / LARGEST_BATCH  # as few as it may be: smaller ones are made only where there is time for them
    busy = {
        "gateway": len(came) * times.gateway / layout.gateways / seconds,
        "predictor": len(came) * times.predictor / layout.predictors / seconds,
        "gpu": len(came) * times.gpu / layout.gpus / seconds,
        "selector": (len(came) * times.selector + batches * times.batch) / layout.selectors / seconds,
    }
    first_half_p99 = quantile(took[came < seconds / 2], 0.99)
    return Outcome(len(came), quantile(took, 0.5), quantile(took, 0.99), first_half_p99, busy)


def arrivals(rate: float, seconds: float, rng: Generator) -> Moments:
    """Moments at which images come, in order."""
    calm = (BURST_EVERY - 2 * BURST_LASTS) / (BURST_EVERY - BURST_LASTS) / 2
    """Of twice the rate, what comes outside of bursts."""
    every = np.sort(rng.uniform(0, seconds, rng.poisson(2 * rate * seconds)))
    kept = (every % BURST_EVERY < BURST_LASTS) | (rng.random(len(every)) < calm)
    return every[kept]


def served(came: Moments, servers: int, times: Moments) -> Moments:
    """When each is done that came at these moments: first come, first served, by the server that is free first.

    `times` are those that they take, by turn.
    """
    free = [0.0] * min(servers, max(1, len(came)))
    order = np.argsort(came, kind="stable")
    ends = []
    for moment, took in zip(came[order].tolist(), times.tolist(), strict=True):
        ends.append(max(moment, free[0]) + took)
        heapq.heapreplace(free, ends[-1])
    done = np.empty_like(came)
    done[order] = ends
    return done


def collected(came: Moments, layout: Layout, times: Times, rng: Generator) -> Moments:
    """The same for selectors: an image waits for the process that has its partition, which takes all that waits."""
    selectors = rng.integers(layout.partitions, size=len(came)) % layout.selectors
    done = np.empty_like(came)
    for selector in range(layout.selectors):
        (queue,) = np.nonzero(selectors == selector)
        queue = queue[np.argsort(came[queue], kind="stable")]
        waiting, now, begin = came[queue], 0.0, 0
        while begin < len(queue):
            now = max(now, waiting[begin])
            end = min(begin + LARGEST_BATCH, int(np.searchsorted(waiting, now, side="right")))
            now += times.batch + (end - begin) * times.selector
            done[queue[begin:end]] = now
            begin = end
    return done


def quantile(values: Moments, share: float) -> float:
    """The smallest value that `share` of all don't exceed; 0 of none."""
    return float(np.sort(values)[max(0, math.ceil(share * len(values)) - 1)]) if len(values) else 0.0
