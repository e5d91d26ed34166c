"""What a plan costs a month: cores, GPUs and what is kept, at prices that are yours."""

from dataclasses import dataclass

from deploy.sizing.plan import DAY, Plan

HOURS = 730.0
"""Of a month."""

FEW = 1.0
"""Cores for the services of which there is one, and for Triton's share beside its GPUs."""


@dataclass(frozen=True)
class Prices:
    """In any currency: of a core and of a GPU for an hour, of a gigabyte for a month; and for how long all is kept."""

    core: float = 0.04
    gpu: float = 1.0
    gigabyte: float = 0.023
    days: float = 30.0


@dataclass(frozen=True)
class Bill:
    """`gigabytes` are there at once; `month` is what all of it costs, `million` what a million images cost of that."""

    cores: float
    gpus: int
    gigabytes: float
    month: float
    million: float


def bill(found: Plan, prices: Prices) -> Bill:
    """Machines are paid by the hour whether they have work or not; nothing is in it for networks and for people."""
    cores = sum(found.cores.values()) + FEW
    gigabytes = sum(found.daily.values()) * prices.days / 1e9
    month = HOURS * (cores * prices.core + found.layout.gpus * prices.gpu) + gigabytes * prices.gigabyte
    images = found.rate * DAY * HOURS / 24
    return Bill(cores, found.layout.gpus, gigabytes, month, month / images * 1e6)
