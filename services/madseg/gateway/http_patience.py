"""How long the rest of a request is waited for: one that stops, or only trickles in, is given up, so that its place is
free for others."""

import asyncio
import time

from starlette.types import Message, Receive

from madseg.core.errors import MadsegError

PIECE_SECONDS = 30.0
"""How long the next piece of a body may take."""

SLOWEST = 1024
"""Bytes a second that come at least, but for `PIECE_SECONDS` over the whole of a body."""


class TooSlow(MadsegError):
    """A request whose body doesn't come."""


class Patient:
    """Receives a request. `seconds` is how long a piece may take, and the waits for all of them beyond what `SLOWEST`
    allows.

    Raises:
        TooSlow: the body takes longer.
    """

    def __init__(self, receive: Receive, seconds: float = PIECE_SECONDS) -> None:
        self._receive, self._seconds = receive, seconds
        self._left, self._whole = seconds, False

    async def __call__(self) -> Message:
        if self._whole:  # what is waited for now is that whoever asked goes away
            return await self._receive()
        began = time.monotonic()
        try:
            async with asyncio.timeout(min(self._seconds, self._left)):
                message = await self._receive()
        except TimeoutError as error:
            raise TooSlow("the rest of the request took too long to come: send it again") from error
        self._whole = not message.get("more_body")
        self._left += len(message.get("body", b"")) / SLOWEST - (time.monotonic() - began)
        return message
