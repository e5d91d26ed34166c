"""Lines of the log."""

import pytest
import structlog

from madseg.runtime import configure_logging


def test_a_log_line_that_can_not_be_written_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk the work matters more."""

    class Full:
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

        def flush(self) -> None:
            raise OSError(28, "No space left on device")

        def isatty(self) -> bool:
            return False

    monkeypatch.setattr("sys.stderr", Full())
    try:
        configure_logging(json=True)
        structlog.get_logger("test").error("lost", number=1)
    finally:
        structlog.reset_defaults()
