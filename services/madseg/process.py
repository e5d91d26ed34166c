"""A service as a process of its own: settings read, servers waited for, parts run until it is told to stop."""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import chain, repeat
from typing import TypeVar

import structlog

from madseg.core.errors import MadsegError, Unavailable
from madseg.runtime import BACKOFF_SECONDS, Part, configure_logging, run
from madseg.settings import describe, load

log = structlog.get_logger("madseg.process")

C = TypeVar("C")

Assemble = Callable[[C, ExitStack], Sequence[Part]]
"""Makes a service's parts from its settings; what it opens is closed with the stack."""


def serve(service: str, config: type[C], assemble: Assemble[C]) -> None:
    """Runs a service until SIGINT or SIGTERM.

    A server that isn't there yet is waited for, so that a cluster may start in any order. What waiting doesn't mend
    ends the process with one line and the exit status 1.
    """
    configure_logging(json=True)
    try:
        settings = load(config)
        log.info("starting", service=service, **describe(settings))
        with ExitStack() as held:
            run(_patiently(settings, assemble, held))
    except MadsegError as error:
        log.error("ended", service=service, reason=str(error))
        sys.exit(1)


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
