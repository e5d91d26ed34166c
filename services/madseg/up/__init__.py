"""`madseg up`: every service in one process on the embedded parts, each with its real gRPC server.

One directory of state holds everything: the stream, each service's database, the pictures, and `endpoints.json`, which
tells clients where the servers listen. A lock keeps a second process from the same state.
"""

import logging
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import structlog

from madseg.client.endpoints import EVERYBODY
from madseg.runtime import configure_logging, run
from madseg.security.access import sign_in_link
from madseg.settings import load
from madseg.up.configuring import SERVICES, Config
from madseg.up.neighbourhood import ENDPOINTS
from madseg.up.parts import Announced, Lock
from madseg.up.tokens import OPERATOR, make_tokens
from madseg.up.wiring import build

log = structlog.get_logger("madseg.up")

__all__ = ["ENDPOINTS", "OPERATOR", "SERVICES", "Config", "build", "main", "make_tokens"]


def main(*, state: Path | None = None, quiet: bool = False, **given: object) -> None:
    """Runs every service until SIGINT or SIGTERM.

    Raises:
        Conflict: another process has the state, or a port is taken.
        InvalidInput: a setting that is unknown or can't be.
    """
    begun = time.monotonic()
    settings = load(Config, known=SERVICES)
    folder = (state or Path(settings.state)).absolute()
    configure_logging(json=not sys.stderr.isatty(), level=logging.WARNING if quiet else logging.INFO)
    lock = Lock(folder)
    try:
        parts = build(folder, os.environ, **given)
        announced = parts[-1]
        assert isinstance(announced, Announced)

        def ready() -> None:
            log.info("ready", after_s=round(time.monotonic() - begun, 2), state=str(folder), **announced.found)
            log.info("pages", at=announced.found.get("http", ""), sign_in=_sign_in(folder, announced.found))

        run(parts, ready)
    finally:
        lock.close()


def _sign_in(state: Path, found: Mapping[str, str]) -> str:
    """How to sign in on the pages. A log that is kept gets no token; whoever looks at this terminal may have it."""
    if found.get("access") == EVERYBODY:
        return "nobody is asked for a token"
    if not (state / OPERATOR).exists():
        return "with the token that `madseg access add` gave you"
    if sys.stderr.isatty():
        return sign_in_link(found["http"], (state / OPERATOR).read_text().strip())
    return f"with the token in {state / OPERATOR}; `madseg access add NAME --role rater` makes one for each person"
