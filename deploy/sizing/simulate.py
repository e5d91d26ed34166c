"""Images through gateway, networks and selector, one by one: how long each takes to its place, and how busy all are.

Arrivals are random (Poisson), at a rate that doubles now and then. Gateway, predictor and Triton are queues with many
servers; the selector's processes share the partitions, and each takes all that waits in its own at a time.
"""

import heapq
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
    rng = random.Random(seed)
    came = arrivals(rate, seconds, rng)

    def around(mean: float) -> Callable[[], float]:
        return lambda: rng.gammavariate(4, mean / 4)  # spread of a half: pictures differ, but not by much

    left = served(came, layout.gateways, around(times.gateway))
    left = served([moment + times.transit for moment in left], layout.predictors, around(times.predictor))
    left = served(left, layout.gpus, around(times.gpu))
    ranked = collected([moment + times.transit for moment in left], layout, times, rng)
    took = [end - begin for begin, end in zip(came, ranked, strict=True)]
    half = [value for begin, value in zip(came, took, strict=True) if begin < seconds / 2]
    batches = len(came) / LARGEST_BATCH  # as few as it may be: smaller ones are made only where there is time for them
    busy = {
        "gateway": len(came) * times.gateway / layout.gateways / seconds,
        "predictor": len(came) * times.predictor / layout.predictors / seconds,
        "gpu": len(came) * times.gpu / layout.gpus / seconds,
        "selector": (len(came) * times.selector + batches * times.batch) / layout.selectors / seconds,
    }
    return Outcome(len(came), quantile(took, 0.5), quantile(took, 0.99), quantile(half, 0.99), busy)


def arrivals(rate: float, seconds: float, rng: random.Random) -> list[float]:
    """Moments at which images come, in order."""
    calm = rate * (BURST_EVERY - 2 * BURST_LASTS) / (BURST_EVERY - BURST_LASTS)
    found, now = list[float](), 0.0
    while True:
        now += rng.expovariate(2 * rate)
        if now >= seconds:
            return found
        if now % BURST_EVERY < BURST_LASTS or rng.random() < calm / (2 * rate):
            found.append(now)


def served(came: Sequence[float], servers: int, time: Callable[[], float]) -> list[float]:
    """When each is done that came at these moments: first come, first served, by the server that is free first."""
    free = [0.0] * min(servers, max(1, len(came)))
    done = [0.0] * len(came)
    for index in sorted(range(len(came)), key=came.__getitem__):
        begins = max(came[index], free[0])
        done[index] = begins + time()
        heapq.heapreplace(free, done[index])
    return done


def collected(came: Sequence[float], layout: Layout, times: Times, rng: random.Random) -> list[float]:
    """The same for selectors: an image waits for the process that has its partition, which takes all that waits."""
    queues: list[list[int]] = [[] for _ in range(layout.selectors)]
    for index in sorted(range(len(came)), key=came.__getitem__):
        queues[rng.randrange(layout.partitions) % layout.selectors].append(index)
    done = [0.0] * len(came)
    for queue in queues:
        now, begin = 0.0, 0
        while begin < len(queue):
            now = max(now, came[queue[begin]])
            end = begin
            while end < len(queue) and end - begin < LARGEST_BATCH and came[queue[end]] <= now:
                end += 1
            now += times.batch + (end - begin) * times.selector
            for index in queue[begin:end]:
                done[index] = now
            begin = end
    return done


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all don't exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
