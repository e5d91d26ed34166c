"""Uploads in pieces, which must keep coming."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

from madseg.core.errors import MadsegError

A = TypeVar("A")

PIECE_SECONDS = 30.0
"""How long the next piece of an upload may take, as over HTTP."""


class TooSlow(MadsegError):
    """An upload whose next piece doesn't come. Nothing of it was kept."""


async def paced(requests: AsyncIterator[A], seconds: float = PIECE_SECONDS) -> AsyncIterator[A]:
    """The pieces of an upload as they come.

    Raises:
        TooSlow: the next one takes longer than `seconds`.
    """
    while True:
        try:
            async with asyncio.timeout(seconds):
                piece = await anext(requests)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise TooSlow(
                f"no piece of the upload came for {seconds:g} seconds: send it again from the start"
            ) from error
        yield piece
