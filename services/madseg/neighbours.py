"""What another of our services answers, as the one that asked it has it."""

from collections.abc import Iterator
from contextlib import contextmanager

from madseg import client
from madseg.core.errors import Conflict, InvalidInput, MadsegError, NotFound, NotReady, Stale, Unavailable

_REFUSED = (client.Unauthenticated, client.Forbidden)
"""Of our own token, and not of whoever asked us: a token that is being replaced, which time or an operator mends."""

_PASSES = (client.Unavailable, client.DeadlineExceeded, client.TooMany, client.ServerError)
"""What may be otherwise the next time. What was asked for may take hours to come by, so nothing is given up for it."""

_KINDS: tuple[tuple[type[client.ClientError], type[MadsegError]], ...] = (
    (client.InvalidArgument, InvalidInput),
    (client.NotFound, NotFound),
    (client.Stale, Stale),
    (client.NotReady, NotReady),
)


@contextmanager
def told(asking: str) -> Iterator[None]:
    """Raises errors of the client as ours, with the name of the service; `asking` is who asks it, for people.

    Raises:
        Unavailable: it may answer otherwise later. Also where it refuses our token: whoever asked us shows a good one.
        InvalidInput, NotFound, NotReady, Stale: as it says.
        Conflict: what no repetition helps, where there is no better word.
    """
    try:
        yield
    except _REFUSED as error:
        raise Unavailable(f"{_name(error)} refuses {asking}'s own token, not the caller's: {error}") from error
    except _PASSES as error:
        raise Unavailable(f"{_name(error)}: {error}") from error
    except client.ClientError as error:
        kind = next((ours for theirs, ours in _KINDS if isinstance(error, theirs)), Conflict)
        raise kind(f"{_name(error)}: {error}") from error


def _name(error: client.ClientError) -> str:
    return error.service or "a service"
