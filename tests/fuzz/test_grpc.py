"""Whatever is sent to whichever method, it is answered in words that name the fault, and the services go on."""

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from madseg.up import ENDPOINTS
from tests.fuzz.calling import Caller, ask_together, methods
from tests.fuzz.requests import Memory
from tests.pipeline.running import Up

CALLERS = 3

CALLS = 100_000 if os.environ.get("MADSEG_SOAK") else 10_000

GROWTH = 400 << 20
"""Bytes by which the process may grow: what it keeps at hand is bounded."""


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_no_request_is_answered_by_an_internal_error(up: Up, tokens: list[str | None]) -> None:
    """Random requests, whole and broken, of every method, in the name of an operator and of nobody."""
    asked, memory = methods(up.endpoints, ENDPOINTS), Memory()
    callers = [Caller(asked, seed, memory, tokens) for seed in range(CALLERS)]
    before = _resident(up.pid)
    ask_together(callers, CALLS)
    codes = sum((caller.codes for caller in callers), Counter())
    faults = [fault for caller in callers for fault in caller.faults]
    understood = sum((caller.understood for caller in callers), Counter())
    print("never understood:", sorted({item.path for item in asked} - understood.keys()))
    print(f"{codes.total()} calls of {len(asked)} methods: {dict(codes.most_common())}")
    assert not faults, "\n".join(map(str, faults[:20]))
    assert up.running
    assert codes["OK"] > 0.05 * codes.total(), "next to nothing was said that the services understood"
    assert _resident(up.pid) - before < GROWTH
    assert "Traceback" not in up.log.read_text()
    assert up.terminate() == 0
    up.start().selector_status()  # what was asked for doesn't keep it from starting again


def _resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) << 10
