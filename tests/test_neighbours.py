"""Errors of other services, as those have them that asked."""

import pytest

from madseg import client
from madseg.core.errors import Conflict, InvalidInput, MadsegError, NotFound, NotReady, Stale, Unavailable
from madseg.neighbours import told

FATAL = {
    client.InvalidArgument: InvalidInput,
    client.NotFound: NotFound,
    client.NotReady: NotReady,
    client.Stale: Stale,
}
PASSING = (client.Unavailable, client.DeadlineExceeded, client.ServerError)


@pytest.mark.parametrize(("theirs", "ours"), [*FATAL.items(), *((kind, Unavailable) for kind in PASSING)])
def test_they_keep_their_meaning(theirs: type[client.ClientError], ours: type[MadsegError]) -> None:
    """What may be otherwise the next time is Unavailable, so that nothing that took hours is given up for it."""
    with pytest.raises(MadsegError, match=r"^models: so it is$") as found, told("labelling"):
        raise theirs("so it is", service="models")
    assert type(found.value) is ours


def test_a_server_that_has_too_much_to_do_is_waited_for() -> None:
    """It did nothing of what was asked."""
    with pytest.raises(Unavailable, match="selector: at once"), told("labelling"):
        raise client.TooMany("at once", retry_after=2.0, service="selector")


@pytest.mark.parametrize("theirs", [client.Unauthenticated, client.Forbidden])
def test_a_refusal_of_our_token_is_not_the_caller_s(theirs: type[client.ClientError]) -> None:
    """Whoever asked us showed a good one."""
    match = "^models refuses labelling's own token, not the caller's: unknown token$"
    with pytest.raises(Unavailable, match=match), told("labelling"):
        raise theirs("unknown token", service="models")


def test_what_no_word_is_for_is_a_conflict() -> None:
    """Such as an error of the client that is new."""
    with pytest.raises(Conflict, match="a service: so"), told("labelling"):
        raise client.ClientError("so")
