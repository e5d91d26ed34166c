"""Lines of the log: one event each, with the trace that it belongs to."""

import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

import structlog

from madseg.observing.tracing import trace_id


def configure_logging(*, json: bool, level: int = logging.INFO) -> None:
    """One event a line on standard error: JSON for machines, coloured columns on a terminal."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _with_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Logger(sys.stderr),
    )


def _with_trace(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Adds the id of the trace that a line belongs to: of its image where it names one, or of the request."""
    found = trace_id(str(line.get("image", "")))
    if found:
        line.setdefault("trace_id", found)
    return line


class _Logger(structlog.PrintLogger):
    """Prints lines; one that can't be written, for want of space, stops nobody's work."""

    def msg(self, message: str) -> None:
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = error = critical = fatal = failure = exception = msg
