"""A service as a process of its own: settings read, servers waited for, parts run until it is told to stop."""

import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, repeat
from types import FrameType
from typing import TypeVar

import structlog

from madseg.core.errors import MadsegError, Unavailable
from madseg.observing.exporting import exporting
from madseg.observing.exposing import exposed
from madseg.runtime import BACKOFF_SECONDS, Part, configure_logging, run
from madseg.settings import describe, load, setting

log = structlog.get_logger("madseg.process")

C = TypeVar("C")

Assemble = Callable[[C, ExitStack], Sequence[Part]]
"""Makes a service's parts from its settings; what it opens is closed with the stack."""


@dataclass(frozen=True)
class Observing:
    """Settings of every process, by which operators see it."""

    metrics: str = setting("MADSEG_METRICS", "", "Address where figures for Prometheus are given out; empty: nowhere")


def observers(service: str, config: Observing) -> list[Part]:
    """The parts by which operators see a process: figures where an address is set, traces where a collector is."""
    return [*exposed(config.metrics), *exporting(service)]


def serve(service: str, config: type[C], assemble: Assemble[C]) -> None:
    """Runs a service until SIGINT or SIGTERM.

    A server that isn't there yet is waited for, so that a cluster may start in any order; a signal ends that at once.
    What waiting doesn't mend ends the process with one line and the exit status 1.
    """
    _end_when_told()
    configure_logging(json=True)
    try:
        settings, watched = load(config, known=(Observing,)), load(Observing, known=(config,))
        log.info("starting", service=service, **describe(settings), **describe(watched))
        with ExitStack() as held:
            run([*observers(service, watched), *_patiently(settings, assemble, held)])
    except MadsegError as error:
        log.error("ended", service=service, reason=str(error))
        sys.exit(1)


def _end_when_told() -> None:
    """Has a signal end the process wherever it stands, what was opened closed, until `run` waits for it.

    The first process of a container needs that: what it has no handler for, Linux keeps from it.
    """

    def end(_signal: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


def _patiently(settings: C, assemble: Assemble[C], held: ExitStack) -> Sequence[Part]:
    for pause in chain(BACKOFF_SECONDS, repeat(BACKOFF_SECONDS[-1])):
        try:
            with ExitStack() as opened:
                parts = assemble(settings, opened)
                held.push(opened.pop_all())
                return parts
        except Unavailable as error:
            log.warning("waiting", reason=str(error), retry_in_s=pause)
        time.sleep(pause)
    raise AssertionError("unreachable")
