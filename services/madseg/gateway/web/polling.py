"""What changes, told to all who look at it: one question a second about each thing, however many look.

A listener costs no thread. It hears the newest value alone: one that is slow misses those in between.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress

import structlog

from madseg.client import errors
from madseg.core.errors import Busy, MadsegError, Unauthenticated, Unavailable
from madseg.gateway.problems import problem
from madseg.gateway.web.callers import Caller
from madseg.gateway.web.encoding import to_text
from madseg.observing.metrics import CALLS_REFUSED

log = structlog.get_logger("madseg.gateway")

EVERY_SECONDS = 1.0
"""Between two questions about one thing."""

MAX_LISTENERS = 256
"""Of all things together."""

MAX_LISTENERS_EACH = 24
"""Of one person: a browser opens six connections, so that is four of them."""

Ask = Callable[[Caller], Awaitable[object]]
"""What is asked about a thing, in the name of one of those who look at it."""


class Listener:
    """Somebody who looks at one thing. For the event loop's thread alone."""

    def __init__(self, caller: Caller) -> None:
        self.caller, self.ended = caller, False
        self._latest: str | None = None
        self._changed = asyncio.Event()

    def tell(self, text: str) -> None:
        """Makes this the newest message."""
        self._latest = text
        self._changed.set()

    def end(self) -> None:
        """Nothing more comes."""
        self.ended = True
        self._changed.set()

    async def hear(self, timeout: float) -> str | None:
        """The newest message that wasn't heard yet; None where none comes within `timeout` seconds, or at the end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), timeout)
        self._changed.clear()
        heard, self._latest = self._latest, None
        return heard


class Topic:
    """One thing, those who look at it, and the task that asks about it."""

    def __init__(self, event: str, ask: Ask, last: str) -> None:
        self._event, self._ask = event, ask
        self.last = last
        self.listeners: list[Listener] = []

    async def run(self) -> None:
        """Asks on and on, in the name of whoever has looked longest."""
        while self.listeners:
            await asyncio.sleep(EVERY_SECONDS)
            for listener in self.listeners[:1]:
                await self._turn(listener)

    async def _turn(self, listener: Listener) -> None:
        try:
            text = message(self._event, await self._ask(listener.caller))
        except (errors.Unauthenticated, errors.Forbidden, Unauthenticated):
            self._end(listener)  # the next one asks
        except errors.NotFound:
            self.end()
        except (errors.ClientError, MadsegError) as error:
            self._tell(message("problem", problem(error, None)))
        except Exception as error:  # a task that died would leave its listeners waiting
            log.error("poll_failed", event_name=self._event, exc_info=error)
            self.end()
        else:
            self._tell(text)

    def _tell(self, text: str) -> None:
        if text != self.last:
            self.last = text
            for listener in self.listeners:
                listener.tell(text)

    def _end(self, listener: Listener) -> None:
        listener.end()
        self.listeners.remove(listener)

    def end(self) -> None:
        """Ends all listeners."""
        for listener in list(self.listeners):
            self._end(listener)


class Topics:
    """All things that somebody looks at."""

    def __init__(self) -> None:
        self._topics: dict[Hashable, tuple[Topic, asyncio.Task[None]]] = {}
        self._people: Counter[str] = Counter()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def check(self, caller: Caller) -> None:
        """Raises Busy where too many listen, Unavailable at the end."""
        if self._closed:
            raise Unavailable("the server stops: ask again in a moment")
        if self._people.total() >= MAX_LISTENERS or self._people[caller.who.name] >= MAX_LISTENERS_EACH:
            CALLS_REFUSED.labels("streams").inc()
            raise Busy("too many pages listen already: close some, and try again in a moment", retry_after=5)

    def join(self, key: Hashable, event: str, ask: Ask, caller: Caller, now: object) -> Listener:
        """A listener that hears `now` first. Things of the same `key` are asked about once for all.

        Raises:
            Busy, Unavailable: as `check`.
        """
        self.check(caller)
        self._loop = asyncio.get_running_loop()
        listener, text = Listener(caller), message(event, now)
        topic, task = self._topics.get(key) or (None, None)
        if topic is None or task is None or task.done():
            topic = Topic(event, ask, text)
            self._topics[key] = topic, asyncio.create_task(topic.run())
        topic.listeners.append(listener)
        self._people[caller.who.name] += 1
        listener.tell(text)
        return listener

    def leave(self, key: Hashable, listener: Listener) -> None:
        """The listener hears no more; the last one ends the questions."""
        self._people -= Counter([listener.caller.who.name])
        topic, task = self._topics.get(key) or (None, None)
        if topic is not None and task is not None:
            with suppress(ValueError):  # it was ended
                topic.listeners.remove(listener)
            if not topic.listeners:
                task.cancel()
                del self._topics[key]

    def close(self) -> None:
        """Ends all listeners, from any thread."""
        self._closed = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        for topic, _ in self._topics.values():
            topic.end()


def message(event: str, value: object) -> str:
    """A server-sent event. JSON has no line breaks, so one line of data holds it."""
    return f"event: {event}\ndata: {to_text(value)}\n\n"
