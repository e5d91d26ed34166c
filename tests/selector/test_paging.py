"""A ranking in pages, while other contests become the newest."""

import random

import pytest

from madseg.core.errors import InvalidInput, NotFound
from madseg.core.messages import VersionRef
from madseg.ports import Database
from madseg.requests import from_token, token
from madseg.selector import paging
from madseg.selector.grpc_api import SelectorApi
from madseg.selector.queries import Which
from madseg.v1 import selector_pb2 as pb
from madseg.v1 import types_pb2
from tests.selector import streams
from tests.selector.test_exactness import Selector, criteria

CLASS = "tree"


@pytest.fixture
def api(database: Database) -> SelectorApi:
    """A selector with sixty images."""
    selector = Selector(database, criteria(), 1)
    selector.roles.handle(streams.model_records())
    selector.feed(streams.records(streams.events(streams.images(3, 60), random.Random(3)), 1), random.Random(3))
    selector.finish_chores()
    return SelectorApi(database, streams.TOPIC, selector.queries, lambda _: None, lambda: 0, lambda _: 0)


def asked(page_token: str = "", size: int = 3, class_name: str = CLASS) -> pb.ListRankingEntriesRequest:
    """A page of a ranking, of whatever version is the newest."""
    key = pb.RankingKey(
        target=types_pb2.ModelVersion(model="alpha"),
        competitor=types_pb2.ModelVersion(model="beta"),
        class_name=class_name,
    )
    return pb.ListRankingEntriesRequest(key=key, page_size=size, page_token=page_token)


def test_pages_make_the_ranking_whatever_their_sizes(api: SelectorApi) -> None:
    """The size may change from page to page."""
    whole = [entry.image_id for entry in api.ListRankingEntries(asked(size=1000), None).entries]
    found, following, size = [], "", 1
    while True:
        page = api.ListRankingEntries(asked(following, size), None)
        found += [entry.image_id for entry in page.entries]
        following, size = page.next_page_token, size + 1
        if not following:
            break
    assert found == whole
    assert len(whole) > 6


def test_a_page_goes_on_with_the_contest_of_the_first(api: SelectorApi) -> None:
    """Whichever is the newest by then."""
    page = api.ListRankingEntries(asked(), None)
    values = from_token(page.next_page_token)
    which = Which(target_model="alpha", class_name=CLASS)
    pinned = paging.same_contest(which, values, str(values["question"]))
    assert pinned.target == VersionRef("alpha", 1)
    assert pinned.competitor == VersionRef(page.contest.competitor.model, page.contest.competitor.version)
    assert paging.same_contest(which, {}, "any") == which
    gone = token(**{**values, "contest": ["alpha", 7, "beta", 1]})
    with pytest.raises(NotFound):
        api.ListRankingEntries(asked(gone), None)


def test_a_token_is_of_one_question(api: SelectorApi) -> None:
    """Another class, another side and another filter begin anew."""
    following = api.ListRankingEntries(asked(), None).next_page_token
    others = [asked(following, class_name="car"), asked(following), asked(following)]
    others[1].key.defender = types_pb2.DEFENDER_COMPETITOR
    others[2].filter.source = "camera"
    for request in others:
        with pytest.raises(InvalidInput, match="page_token is of another request"):
            api.ListRankingEntries(request, None)


@pytest.mark.parametrize("contest", ["alpha", ["alpha", 1], ["alpha", "1", "beta", 1], ["alpha", 10**30, "beta", -1]])
def test_a_forged_token_is_refused(api: SelectorApi, contest: object) -> None:
    """As one that this method never gave, or as a contest that isn't there."""
    values = from_token(api.ListRankingEntries(asked(), None).next_page_token)
    with pytest.raises((InvalidInput, NotFound)):
        api.ListRankingEntries(asked(token(**{**values, "contest": contest})), None)
