"""Asks the services for callers, in a bounded number of threads, so that uploads never wait for a page's answer."""

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

import anyio
from anyio import to_thread

from madseg.client import Client

T = TypeVar("T")

THREADS = 32
"""Questions under way at once; more wait."""


class Asking:
    """Asks with one set of connections. `connect` makes the client when the first question comes."""

    def __init__(self, connect: Callable[[], Client], threads: int = THREADS) -> None:
        self._connect, self._threads = connect, threads

    async def ask(self, token: str | None, question: Callable[[Client], T]) -> T:
        """The answer to a question that is asked with a token."""
        asked = self.client().with_token(token)
        return await self.wait(lambda: question(asked))

    async def wait(self, act: Callable[[], T]) -> T:
        """What `act` returns, which may block."""
        # A page that is gone needn't be waited for: the call ends by its deadline.
        return await to_thread.run_sync(act, limiter=self._limiter, abandon_on_cancel=True)

    def client(self) -> Client:
        """The client itself, which shows the gateway's own token."""
        return self._client

    def close(self) -> None:
        """Ends what is under way."""
        if "_client" in self.__dict__:
            self._client.close()

    @cached_property
    def _client(self) -> Client:
        return self._connect()

    @cached_property
    def _limiter(self) -> anyio.CapacityLimiter:
        return anyio.CapacityLimiter(self._threads)
