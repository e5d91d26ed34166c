"""What a caller got wrong is told to the caller, before the database is asked."""

from collections.abc import Callable

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from madseg.core.errors import InvalidInput, NotFound
from madseg.ports import Database
from madseg.requests import token
from madseg.selector.grpc_api import SelectorApi
from madseg.v1 import selector_pb2 as pb
from madseg.v1 import types_pb2
from tests.selector import streams
from tests.selector.test_exactness import Selector, criteria


@pytest.fixture
def api(database: Database) -> SelectorApi:
    """A selector that knows its contests, and no image."""
    selector = Selector(database, criteria(), 1)
    selector.roles.handle(streams.model_records())
    return SelectorApi(database, streams.TOPIC, selector.queries, lambda _: None, lambda: 0, lambda _: 0)


def filtered(tags: int) -> pb.ListRankingEntriesRequest:
    """Asks for a ranking by so many tags."""
    images = types_pb2.ImageFilter(tags={f"tag{number}": "x" for number in range(tags)})
    return pb.ListRankingEntriesRequest(key=pb.RankingKey(class_name="tree"), filter=images)


def test_a_filter_has_as_many_tags_as_an_image(api: SelectorApi) -> None:
    """With more, no database takes the query."""
    assert list(api.ListRankingEntries(filtered(32), None).entries) == []
    for tags in (33, 1000):
        with pytest.raises(InvalidInput, match=f"at most 32 tags, as images have, got {tags}") as told:
            api.ListRankingEntries(filtered(tags), None)
        assert told.value.field == "filter.tags"


@pytest.mark.parametrize("name", ["a\0b", "x" * 101])
def test_an_id_that_no_candidate_set_has_is_refused(api: SelectorApi, name: str) -> None:
    """Also where it comes out of a page's token."""
    asked = [pb.ListCandidatesRequest(candidate_set_id=name), pb.ListCandidatesRequest(page_token=token(set=name))]
    for request in asked:
        with pytest.raises(InvalidInput, match="candidate_set_id must have at most 100 characters"):
            api.ListCandidates(request, None)
    with pytest.raises(NotFound, match="no candidate set nowhere"):
        api.ListCandidates(pb.ListCandidatesRequest(candidate_set_id="nowhere"), None)


def test_a_call_names_a_thousand_images_at_most(api: SelectorApi) -> None:
    """Whatever it is about; each by its id."""
    calls: list[Callable[[list[str]], object]] = [
        lambda ids: api.PlaceImages(pb.PlaceImagesRequest(image_ids=ids), None),
        lambda ids: api.RequestPredictions(pb.RequestPredictionsRequest(image_ids=ids), None),
        lambda ids: api.FindUnknownImages(pb.FindUnknownImagesRequest(image_ids=ids), None),
        lambda ids: api.ExcludeImages(pb.ExcludeImagesRequest(image_ids=ids, reason="veto"), None),
        lambda ids: api.RestoreImages(pb.RestoreImagesRequest(image_ids=ids, reason="veto"), None),
        lambda ids: api.ExpireImages(pb.ExpireImagesRequest(image_ids=ids, accepted_before=Timestamp()), None),
    ]
    known = [f"{number:032x}" for number in range(1001)]
    for call in calls:
        call(known[:1000])
        with pytest.raises(InvalidInput, match=r"one call takes [01]\.\.1000 image ids, got 1001") as told:
            call(known)
        assert told.value.field == "image_ids"
        with pytest.raises(InvalidInput, match="32 lower-case hexadecimal digits, got 'seven'"):
            call([*known[:7], "seven"])
    with pytest.raises(InvalidInput, match=r"one call takes 1\.\.1000 image ids, got 0"):
        api.ExcludeImages(pb.ExcludeImagesRequest(reason="veto"), None)
