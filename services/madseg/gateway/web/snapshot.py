"""What the overview shows, from all parts: one snapshot for all who look, and never an error because a part is away."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from madseg.client import ClientError
from madseg.core.errors import MadsegError
from madseg.gateway.web.callers import Caller

log = structlog.get_logger("madseg.gateway")

FRESH_SECONDS = 1.0
"""So long a snapshot answers."""

WAIT_SECONDS = 1.8
"""So long a part is waited for."""


@dataclass(frozen=True)
class Question:
    """Something that is asked of a part, at most every `every` seconds. The first question of a part tells whether
    it is well."""

    name: str
    part: str
    ask: Callable[[Caller], Awaitable[object]]
    every: float = FRESH_SECONDS


@dataclass
class Known:
    """What a question last answered, and what has gone wrong since."""

    value: Any = None
    problem: str = ""
    answered_at: float = float("-inf")


@dataclass
class Snapshot:
    """The last answers to questions. For the event loop's thread alone."""

    questions: tuple[Question, ...]
    clock: Callable[[], float] = time.monotonic
    _known: dict[str, Known] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self, caller: Caller) -> Mapping[str, Known]:
        """What is known of each question, asked anew in the caller's name where that is too long ago."""
        async with self._lock:
            now = self.clock()
            old = [item for item in self.questions if now - self._of(item).answered_at >= item.every]
            await asyncio.gather(*(self._ask(item, caller) for item in old))
        return {item.name: self._of(item) for item in self.questions}

    def parts(self) -> list[dict[str, object]]:
        """The parts, and what is wrong with each."""
        first: dict[str, list[str]] = {}
        for item in self.questions:
            first.setdefault(item.part, []).append(self._of(item).problem)
        wrong = {part: next(filter(None, problems), "") for part, problems in first.items()}
        return [{"name": part, "ok": not problem, "detail": problem} for part, problem in wrong.items()]

    async def _ask(self, question: Question, caller: Caller) -> None:
        known = self._of(question)
        try:
            known.value = await asyncio.wait_for(question.ask(caller), WAIT_SECONDS)
            known.problem = ""
        except TimeoutError:
            known.problem = f"no answer within {WAIT_SECONDS} s"
        except (ClientError, MadsegError) as error:
            known.problem = str(error)
        except Exception as error:  # one part's defect must not hide the others
            log.error("overview_failed", part=question.part, exc_info=error)
            known.problem = "it failed in a way that the gateway's log tells"
        # Whoever waited for these answers needn't ask once more, however long a part took.
        known.answered_at = self.clock()

    def _of(self, question: Question) -> Known:
        return self._known.setdefault(question.name, Known())
