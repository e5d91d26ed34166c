"""What a cut leaves behind."""

from itertools import count

import pytest
from sqlalchemy import update

from madseg.core.candidates import BY_DISCREPANCY, Order, Strategy
from madseg.core.errors import AlreadyExists, InvalidInput
from madseg.ports import Database
from madseg.requests import token
from madseg.selector import candidate_sets
from madseg.selector.candidate_sets import CandidateSet
from madseg.selector.cut import Cutting, cut
from madseg.selector.grpc_api import SelectorApi
from madseg.selector.queries import Queries, Which
from madseg.selector.tables import CANDIDATE_SETS
from madseg.selector.walk import EVERY_IMAGE
from madseg.v1 import selector_pb2 as pb
from tests.selector import streams
from tests.selector.test_exactness import Selector, criteria

ANYHOW = Cutting(EVERY_IMAGE, per_ranking=3, near=True, allow_incomplete=True)


@pytest.fixture
def queries(database: Database) -> Queries:
    """A selector that knows its contests, and no image."""
    selector = Selector(database, criteria(), 1)
    selector.roles.handle(streams.model_records())
    return selector.queries


def test_a_key_cuts_once(database: Database, queries: Queries) -> None:
    """Asked again, it answers with the set that it cut, and with none where something else is asked for."""
    clock = count(7).__next__

    def made(key: str | None, asked: bytes | None = None) -> CandidateSet:
        return cut(database, queries, Which(), ANYHOW, BY_DISCREPANCY, note="", key=key, clock=clock, asked=asked)

    first = made("monday", b"1" * 32)
    assert first == made("monday", b"1" * 32) == made("monday")
    with pytest.raises(AlreadyExists, match=f"made candidate set {first.id}: a new call needs a new key"):
        made("monday", b"2" * 32)
    others = [made(None), made(None), made("tuesday")]
    with database.snapshot() as tx:
        assert [first, *others] == candidate_sets.page(tx, 9, "")[0][::-1]
    assert [item.cut_at for item in (first, *others)] == [7, 8, 9, 10]


def test_sets_come_in_pages(database: Database, queries: Queries) -> None:
    """Newest first, each once, though another one is cut between two pages; the last page has no token."""
    api = SelectorApi(database, streams.TOPIC, queries, lambda _: None, lambda: 0, lambda _: 0)

    def cut_one() -> str:
        asked = pb.CutCandidatesRequest(per_ranking=3, allow_incomplete=True)
        return api.CutCandidates(asked, None).candidate_set.id

    def page(size: int, page_token: str) -> tuple[list[str], str]:
        answer = api.ListCandidateSets(pb.ListCandidateSetsRequest(page_size=size, page_token=page_token), None)
        return [item.id for item in answer.candidate_sets], answer.next_page_token

    made = [cut_one() for _ in range(5)]
    first, more = page(2, "")
    later = cut_one()
    second, more = page(2, more)
    assert (first + second, page(2, more), page(1, more)) == (made[:0:-1], ([made[0]], ""), ([made[0]], ""))
    assert page(0, "") == page(6, "") == ([later, *made[::-1]], "")
    for text in ("?", token(set=made[0], rank=1), token(after=made[0]), token(campaign_number=5)):
        with pytest.raises(InvalidInput, match="page_token"):
            page(2, text)
    with pytest.raises(InvalidInput, match="page_size"):
        page(1001, "")


def test_a_key_that_lost_a_race_is_checked_where_the_set_is_stored(database: Database, queries: Queries) -> None:
    """Two calls at once see no set of the key, and one of them cuts it."""
    found = queries.cut(Which(), EVERY_IMAGE, 3, near=True, allow_incomplete=True, order=BY_DISCREPANCY)

    def stored(asked: bytes) -> CandidateSet:
        taxonomy = queries.criteria.taxonomy
        with database.write() as tx:
            return candidate_sets.store(
                tx, found, per_ranking=3, criteria_id="x", now=7, note="", key="k", taxonomy=taxonomy, asked=asked
            )

    assert stored(b"1" * 32) == stored(b"1" * 32)
    with pytest.raises(AlreadyExists):
        stored(b"2" * 32)


def test_a_call_with_the_key_of_another_is_refused(database: Database, queries: Queries) -> None:
    """Unless only its note is another, or what was asked for isn't known, as of sets that an earlier release cut."""
    api = SelectorApi(database, streams.TOPIC, queries, lambda _: None, lambda: 0, lambda _: 0)
    asked = pb.CutCandidatesRequest(per_ranking=3, allow_incomplete=True, idempotency_key="k", note="Monday's")
    other = pb.CutCandidatesRequest(per_ranking=4, allow_incomplete=True, idempotency_key="k")
    first = api.CutCandidates(asked, None)
    asked.note = ""
    assert first == api.CutCandidates(asked, None)
    with pytest.raises(AlreadyExists, match=first.candidate_set.id):
        api.CutCandidates(other, None)
    with database.write() as tx:
        tx.execute(update(CANDIDATE_SETS).values(asked_sha256=None))
    assert first == api.CutCandidates(other, None)


def test_a_set_says_how_it_was_cut(database: Database, queries: Queries) -> None:
    """By lot nothing is taken of each ranking."""
    for order, per_ranking in ((BY_DISCREPANCY, 3), (Order(Strategy.RANDOM, 5), 0)):
        made = cut(database, queries, Which(), ANYHOW, order, note="Monday's", key=None, clock=lambda: 7)
        assert (per_ranking, order.strategy) == (made.per_ranking, made.order.strategy)
        assert ("Monday's", queries.criteria.id) == (made.note, made.criteria_id)
