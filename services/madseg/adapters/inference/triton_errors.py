"""Triton's errors as ours. Its status codes say little, so some are told apart by their words."""

from collections.abc import Iterator
from contextlib import contextmanager

from tritonclient.utils import InferenceServerException

from madseg.core.errors import Conflict, InvalidInput, MadsegError, Unavailable

_LATER = {"UNAVAILABLE", "RESOURCE_EXHAUSTED", "CANCELLED", "ABORTED", "PERMISSION_DENIED", "UNAUTHENTICATED"}
"""Codes that say nothing against the picture."""


class Late(Unavailable):
    """No answer before the deadline."""


class Gone(Unavailable):
    """The server doesn't have the version, which it had."""


class Dead(Gone):
    """The server takes the version's process for dead, and goes on calling the version ready: a Python backend's."""


class RegionLost(Unavailable):
    """The server doesn't know the shared memory, because it was started anew."""


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raises the errors of a call as ours; `what` begins their messages."""
    try:
        yield
    except InferenceServerException as error:
        raise translate(error, what) from error
    except ValueError as error:  # gRPC's, where the channel was closed meanwhile
        raise Conflict(f"{what}: inference is closed ({error})") from error


def translate(error: InferenceServerException, what: str) -> MadsegError:
    """Ours for one of Triton's."""
    code = str(error.status() or "").removeprefix("StatusCode.")
    said = tidy(error.message() or code)
    if "shared memory region" in said:
        return RegionLost(f"{what}: {said}")
    if code == "DEADLINE_EXCEEDED":
        return Late(f"{what}: no answer in time")
    if "is not healthy" in said:
        return Dead(f"{what}: {said}")
    if code == "NOT_FOUND" or "unknown model" in said or "not at ready state" in said:
        return Gone(f"{what}: {said}")
    if code in _LATER or "RST_STREAM" in said or is_want_of_memory(said):
        return Unavailable(f"{what}: {said}")
    if code == "INVALID_ARGUMENT":
        return InvalidInput(f"{what}: {said}")
    return MadsegError(f"{what} failed: {said}")


def tidy(said: str) -> str:
    """A message on one line, without the lines of code that a Python backend puts behind it."""
    return " ".join(said.partition("\n\nAt:")[0].split())[:500]


def is_want_of_memory(said: str) -> bool:
    """True where a message says that memory is short, which may pass."""
    return any(words in said.lower() for words in ("allocate memory", "out of memory", "bad_alloc", "bad allocation"))
