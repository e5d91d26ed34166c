"""Who watches a ranking is told which contest answers, also when another one takes its place."""

import asyncio
import random

import pytest

from madseg.core.errors import InvalidInput
from madseg.core.messages import Role, RoleChanged, VersionPublished, VersionRef
from madseg.ports import Database
from madseg.selector.grpc_api import SelectorApi
from madseg.v1 import selector_pb2 as pb
from madseg.v1 import types_pb2
from tests.selector import streams
from tests.selector.test_exactness import Selector, criteria

NEWER = VersionRef("beta", 2)


def test_a_newer_contest_is_a_change_and_named(database: Database) -> None:
    """It has compared nothing yet, so the top is empty then; the first answer is that of the list."""
    selector = Selector(database, criteria(), 1)
    selector.roles.handle(streams.model_records())
    selector.feed(streams.records(streams.events(streams.images(3, 16), random.Random(3)), 1), random.Random(3))
    api = SelectorApi(database, streams.TOPIC, selector.queries, lambda _: None, lambda: 0, lambda _: 0)
    key = pb.RankingKey(
        target=types_pb2.ModelVersion(model="alpha"),
        competitor=types_pb2.ModelVersion(model="beta"),
        class_name="tree",
    )
    listed = api.ListRankingEntries(pb.ListRankingEntriesRequest(key=key, page_size=3), None)

    async def watch() -> tuple[pb.WatchRankingResponse, pb.WatchRankingResponse]:
        answers = api.WatchRanking(pb.WatchRankingRequest(key=key, top=3), None)
        first = await anext(answers)
        known = (streams.TAXONOMY.names, streams.TAXONOMY.id, streams.GRID)
        news = (VersionPublished(NEWER, *known, False, b"2"), RoleChanged("beta", Role.COMPETITOR, (2,)))
        selector.roles.handle(streams.announced(*news, first=len(streams.model_records())))
        return first, await asyncio.wait_for(anext(answers), 20)

    first, second = asyncio.run(watch())
    assert (first.contest, list(first.entries)) == (listed.contest, list(listed.entries))
    assert (first.contest.competitor.version, len(first.entries)) == (1, 3)
    assert (second.contest.competitor, len(second.entries)) == (types_pb2.ModelVersion(model="beta", version=2), 0)


def test_the_field_of_a_top_too_large_is_named(database: Database) -> None:
    """As the request has it."""
    selector = Selector(database, criteria(), 1)
    api = SelectorApi(database, streams.TOPIC, selector.queries, lambda _: None, lambda: 0, lambda _: 0)
    request = pb.WatchRankingRequest(key=pb.RankingKey(class_name="tree"), top=1001)

    async def watch() -> pb.WatchRankingResponse:
        return await anext(api.WatchRanking(request, None))

    with pytest.raises(InvalidInput, match=r"top must be 1\.\.1000, got 1001") as caught:
        asyncio.run(watch())
    assert caught.value.field == "top"
