"""Lists of servers that tests talk to: one item a page, however many are asked for, so that callers must read on."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def one_a_page(items: Sequence[T], page_token: str) -> tuple[Sequence[T], str]:
    """The page of a token, and the token of the next one."""
    at = int(page_token or 0)
    return items[at : at + 1], str(at + 1) if at + 1 < len(items) else ""
