"""Answers that come piece by piece: pages, and streams."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")
A_co = TypeVar("A_co", covariant=True)


class Answers(Protocol[A_co]):
    """A streaming call under way."""

    def __iter__(self) -> Iterator[A_co]:
        """The answers as they come."""

    def cancel(self) -> object:
        """Ends the call; does nothing where it has ended."""


def over_pages(fetch: Callable[[str], tuple[Sequence[T], str]]) -> Iterator[T]:
    """All items, page by page: `fetch(token)` answers with a page and the token of the next one, "" at the end.

    A page is fetched when its first item is asked for, so stopping early costs nothing.
    """
    token = ""
    while True:
        items, token = fetch(token)
        yield from items
        if not token:
            return
