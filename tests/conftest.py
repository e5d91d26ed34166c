"""Skips are for what a machine lacks. With MADSEG_TEST_NO_SKIP set only what can't be installed may be absent: real
networks and photographs, the published schemas of custom resources, and the history of a shallow checkout.
"""

import os
import signal
from collections.abc import Generator

import pytest
import structlog
from hypothesis import settings

NOT_INSTALLABLE = ("MADSEG_REAL", "MADSEG_TEST_SCHEMAS", "history of this checkout")
"""What a reason names that lets a test be skipped."""

# Tests send Ctrl-C, which whoever runs them in the background has ignored, for all the processes that they start too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A first call may compile a kernel, and no test asserts on a clock.
settings.register_profile("madseg", deadline=None)
settings.load_profile("madseg")


@pytest.fixture(autouse=True)
def _logging_of_its_own() -> None:
    """What one test has logged, and from which level, is no other test's business."""
    structlog.reset_defaults()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    reason = report.longrepr[2] if report.skipped and isinstance(report.longrepr, tuple) else ""
    if reason and os.environ.get("MADSEG_TEST_NO_SKIP") and not any(name in reason for name in NOT_INSTALLABLE):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped where no skip is allowed: {reason}"
    return report
