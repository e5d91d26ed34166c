"""Whether a call is the one that an idempotency key came with before."""

import pytest

from madseg.core.errors import AlreadyExists, InvalidInput
from madseg.requests import asked_for, check_repeated, number_in, token
from madseg.v1 import rounds_pb2, scoring_pb2


def test_a_key_and_a_note_ask_for_nothing() -> None:
    """Everything else does, in parts of the request too, and nothing is taken out of the request itself."""
    request = scoring_pb2.CreateCampaignRequest(candidate_set_id="a", idempotency_key="k", note="first")
    asked = asked_for(request)
    assert (request.idempotency_key, request.note) == ("k", "first")
    assert asked_for(scoring_pb2.CreateCampaignRequest(candidate_set_id="a", idempotency_key="l")) == asked
    others = [
        scoring_pb2.CreateCampaignRequest(candidate_set_id="b"),
        scoring_pb2.CreateCampaignRequest(candidate_set_id="a", plan=scoring_pb2.CampaignPlan(raters=2)),
        scoring_pb2.CreateCampaignRequest(candidate_set_id="a", plan=scoring_pb2.CampaignPlan(raters=3)),
    ]
    assert len({asked, *map(asked_for, others)}) == 4


def test_a_request_without_a_note_is_as_good() -> None:
    """Its key is left out all the same."""
    one, other = (rounds_pb2.StartRoundRequest(model="ours", idempotency_key=key) for key in "kl")
    assert asked_for(one) == asked_for(other)


def test_a_key_that_came_with_another_call_is_refused() -> None:
    """What it came with before may not be known: then it is taken."""
    for before, now in ((b"1", b"1"), (None, b"1"), (b"1", None)):
        check_repeated("k", "round 7", before, now)
    with pytest.raises(AlreadyExists, match="idempotency_key 'k' came with other arguments before, and made round 7"):
        check_repeated("k", "round 7", b"1", b"2")


def test_a_page_begins_behind_a_number() -> None:
    """The first one behind none; what no page of the list could end with is refused."""
    assert number_in("", "n") is None
    assert [number_in(token(n=number), "n") for number in (0, 7, (1 << 63) - 1)] == [0, 7, (1 << 63) - 1]
    for text in (
        "?",
        "e30=",
        "W10=",
        token(m=7),
        token(n="7"),
        token(n=7.0),
        token(n=-1),
        token(n=1 << 63),
        token(n=None),
    ):
        with pytest.raises(InvalidInput, match="page_token is not one that this method gave"):
            number_in(text, "n")
