"""What goes on for long outlasts a restart of its server."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from madseg.cli.following import watched
from madseg.client import NotFound, TooMany, Unavailable
from madseg.rpc import Server, Service
from madseg.v1 import finetune_pb2, rounds_pb2
from madseg.v1.finetune_pb2_grpc import add_FineTuneServiceServicer_to_server
from madseg.v1.rounds_pb2_grpc import add_RoundsServiceServicer_to_server
from tests.cli.terminal import Terminal
from tests.gateway.web.canned_finetune import CannedFineTune, run
from tests.gateway.web.canned_rounds import CannedRounds, made


class Watched:
    """Whether somebody watches: the first one waits until the server stops."""

    def __init__(self) -> None:
        self.event = threading.Event()

    async def stay(self) -> None:
        """Waits, the first time."""
        if not self.event.is_set():
            self.event.set()
            await asyncio.sleep(60)


@dataclass
class Training(CannedFineTune):
    """A run that trains until the server stops, and was refused when it is back."""

    watched: Watched = field(default_factory=Watched)

    async def WatchRun(self, request, context) -> AsyncIterator[finetune_pb2.WatchRunResponse]:  # type: ignore[no-untyped-def]
        yield finetune_pb2.WatchRunResponse(run=run(finetune_pb2.RUN_STATE_TRAINING))
        await self.watched.stay()
        yield finetune_pb2.WatchRunResponse(run=run(finetune_pb2.RUN_STATE_REFUSED))


@dataclass
class Mining(CannedRounds):
    """A round that mines until the server stops, and trains when it is back."""

    watched: Watched = field(default_factory=Watched)

    async def WatchRound(self, request, context) -> AsyncIterator[rounds_pb2.WatchRoundResponse]:  # type: ignore[no-untyped-def]
        yield rounds_pb2.WatchRoundResponse(round=made(rounds_pb2.ROUND_STEP_MINING))
        await self.watched.stay()
        yield rounds_pb2.WatchRoundResponse(round=made(rounds_pb2.ROUND_STEP_TRAINING))


@contextmanager
def restarting() -> Iterator[str]:
    """Where both services are, on a server that stops while it is watched, and comes back."""
    somebody = Watched()
    services = [
        Service("madseg.v1.FineTuneService", Training(watched=somebody), add_FineTuneServiceServicer_to_server),
        Service("madseg.v1.RoundsService", Mining(watched=somebody), add_RoundsServiceServicer_to_server),
    ]
    server = Server(services, "127.0.0.1:0")
    server.start()
    address = server.reachable
    again = Server(services, address)

    def restart() -> None:
        somebody.event.wait(30)
        server.stop()
        again.start()

    thread = threading.Thread(target=restart)
    thread.start()
    try:
        yield address
    finally:
        somebody.event.set()
        thread.join(30)
        again.stop()


@pytest.mark.parametrize(
    ("words", "field_name", "states", "code"),
    [("finetune", "state", ["training", "refused"], 3), ("round", "step", ["mining", "training"], 0)],
)
def test_a_restart_does_not_end_what_is_watched(
    utc: None, words: str, field_name: str, states: list[str], code: int
) -> None:
    """It goes on where it was; what is told again is told once."""
    with restarting() as address:
        answer = Terminal({"MADSEG_FINETUNE": address, "MADSEG_ROUNDS": address})(words, "watch", "--json")
    assert ([line[field_name] for line in answer.lines], answer.code) == (states, code)


class Clock:
    """A time of one's own: each look is ten seconds later."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 10
        return self.now


def streams(*parts: "list[int] | Exception") -> Callable[[], Iterator[int]]:
    """Numbers that come, and what ends each stream."""
    left = iter(parts)

    def watch() -> Iterator[int]:
        for part in left:
            if isinstance(part, Exception):
                raise part
            yield from part

    return watch


def test_it_goes_on_after_each_absence() -> None:
    """And after a server that is too busy; the same again is left out."""
    away, busy = Unavailable("it stops"), TooMany("busy", retry_after=0.001)
    found = watched(streams([1, 2], away, away, [2, 3], busy, [3], away, [4]), pause=0, patience=60, clock=Clock())
    assert list(found) == [1, 2, 3, 4]


def test_patience_ends() -> None:
    """With what is wrong, once the server was away for so long."""
    away = Unavailable("it stops")
    found = watched(streams([1], *[away] * 20), pause=0, patience=60, clock=Clock())
    assert next(found) == 1
    with pytest.raises(Unavailable, match="it stops"):
        next(found)


def test_what_is_wrong_otherwise_ends_it_at_once() -> None:
    """Nothing is asked again that is refused."""
    with pytest.raises(NotFound):
        list(watched(streams([1], NotFound("no such run"), [2]), pause=0))
