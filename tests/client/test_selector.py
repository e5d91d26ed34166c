"""Rankings, candidates and explanations over a real server."""

from datetime import UTC, datetime
from itertools import islice

import pytest

from madseg.client import (
    CandidateChange,
    ClassChange,
    ClassOutcome,
    Contest,
    ContestState,
    CutStrategy,
    DeadlineExceeded,
    Defender,
    ImageFilter,
    ImagePlaces,
    InvalidArgument,
    NotFound,
    NotReady,
    PredictionsRequested,
    RankingEntry,
    Replay,
    Version,
    VersionOutcome,
)
from madseg.core.label_map import decode
from madseg.v1 import selector_pb2
from tests.client.canned import image_id
from tests.client.running import Running


def test_contests_are_values(services: Running) -> None:
    """Versions, states and counts."""
    assert services.client.contests()[1] == Contest(
        Version("ours", 2), Version("theirs", 1), ContestState.FILLING, 12000, 0, 345
    )


def test_rankings_filter(services: Running) -> None:
    """What is given filters, what is left out doesn't."""
    assert len(services.client.rankings()) == 8
    found = services.client.rankings(competitor="theirs", defender="target", class_name="bus")
    assert [str(item.key.competitor) for item in found] == ["theirs/1"]


def test_an_empty_ranking_has_no_top(services: Running) -> None:
    """Absence stays absence."""
    assert services.client.rankings()[-1].top_discrepancy is None


def test_a_ranking_is_fetched_page_by_page(services: Running) -> None:
    """The second page is asked for only when its first entry is."""
    ranking = services.client.ranking("ours/2", "theirs", "target", "bus", page_size=2)
    assert services.selector.asked == []
    first = list(islice(ranking, 2))
    assert [item.image_id for item in first] == [image_id(1), image_id(2)]
    assert len(services.selector.asked) == 1
    assert [item.rank for item in ranking] == [3, 4]
    assert len(services.selector.asked) == 2


def test_an_entry_is_plain_python(services: Running) -> None:
    """Moments are in UTC, near-duplicates a tuple."""
    entry = next(services.client.ranking("ours", "theirs", Defender.TARGET, "bus"))
    assert entry == RankingEntry(
        1, image_id(1), 0.9, 0.05, "camera-3", datetime(2026, 3, 14, 1, tzinfo=UTC), (image_id(99),)
    )


def test_a_page_tells_contest_and_revision(services: Running) -> None:
    """Whoever needs to know what the answer stands on asks for a page."""
    page = services.client.ranking_page("ours", "theirs", "target", "bus", page_size=3)
    assert (page.revision, page.next_page_token, page.contest and page.contest.compared) == (7, "3", 12345)


def test_a_filter_reaches_the_server(services: Running) -> None:
    """Times, source and tags."""
    images = ImageFilter(since=datetime(2026, 1, 1, tzinfo=UTC), source="door", tags={"k": "v"})
    next(services.client.ranking("ours", "theirs", "target", "bus", images=images))
    asked = services.selector.asked[0]
    assert isinstance(asked, selector_pb2.ListRankingEntriesRequest)
    assert asked.filter.captured_from.ToDatetime() == datetime(2026, 1, 1)
    assert not asked.filter.HasField("captured_until")
    assert (asked.filter.source, dict(asked.filter.tags)) == ("door", {"k": "v"})


@pytest.mark.parametrize("version", ["ours/0", "ours/two", "ours/"])
def test_a_version_that_is_none_is_refused(services: Running, version: str) -> None:
    """name or name/3."""
    with pytest.raises(InvalidArgument, match="name/3"):
        services.client.rankings(target=version)


def test_a_defender_that_is_none_is_refused(services: Running) -> None:
    """target or competitor."""
    with pytest.raises(InvalidArgument, match="target or competitor"):
        services.client.rankings(defender="both")


def test_an_unknown_class_names_the_field(services: Running) -> None:
    """The server's sentence and the field come through."""
    with pytest.raises(InvalidArgument, match="bus, cat") as caught:
        services.client.rankings(class_name="tram")
    assert caught.value.field == "class_name"


def test_watching_yields_each_change(services: Running) -> None:
    """One page now, one for each change, until the server ends."""
    pages = list(services.client.watch("ours", "theirs", "target", "bus", top=2))
    assert [(page.revision, len(page.entries)) for page in pages] == [(7, 1), (8, 2)]
    assert [page.contest and str(page.contest.target) for page in pages] == ["ours/2", None]  # an older selector


def test_watching_ends_with_its_deadline(services: Running) -> None:
    """A silent stream ends when the caller said so."""
    services.selector.slow_seconds = 5.0
    with pytest.raises(DeadlineExceeded, match="did not answer in time"):
        list(services.client.watch("ours", "theirs", "target", "bus", timeout=0.3))


def test_the_matrix_has_a_cell_per_ranking(services: Running) -> None:
    """Two competitors, two defenders, two ranked classes."""
    assert len(services.client.matrix()) == 8


def test_a_cut_carries_a_key_of_its_own(services: Running) -> None:
    """So that a retried call can't cut twice."""
    found = services.client.cut_candidates(per_ranking=3, allow_incomplete=True, note="first")
    assert (found.id, found.size, found.per_ranking, found.offsets) == ("cut-1", 4, 3, ((0, 12346),))
    asked = services.selector.asked[0]
    assert isinstance(asked, selector_pb2.CutCandidatesRequest)
    assert len(asked.idempotency_key) == 32


def test_cuts_in_another_order(services: Running) -> None:
    """By entropy, by lot, and of versions that compete; what is no strategy is refused here."""
    by_lot = services.client.cut_candidates(
        strategy="random", size=412, grouped=True, seed=(1 << 63) - 1, allow_incomplete=True
    )
    assert (by_lot.strategy, by_lot.grouped, by_lot.seed) == (CutStrategy.RANDOM, True, (1 << 63) - 1)
    assert by_lot.contestants == ()
    versions = ("ours/2", Version("theirs", 1))
    met = services.client.cut_candidates(contestants=versions, allow_incomplete=True)
    assert (met.strategy, met.contestants) == (CutStrategy.DISCREPANCY, (Version("ours", 2), Version("theirs", 1)))
    asked = services.selector.asked[0]
    assert isinstance(asked, selector_pb2.CutCandidatesRequest)
    assert asked.size == 412
    with pytest.raises(InvalidArgument, match="discrepancy, entropy, random"):
        services.client.cut_candidates(strategy="best")


def test_where_images_would_stand(services: Running) -> None:
    """And which are unknown."""
    found = services.client.places([image_id(1), image_id(2), image_id(9)], target="ours", per_ranking=7)
    assert (found.target, found.unknown) == (Version("ours", 2), (image_id(9),))
    assert found.places[1] == ImagePlaces(image_id(2), 2, 0.25, 0.5, 3, 1)


def test_an_early_cut_is_not_ready(services: Running) -> None:
    """The message says what is lacking."""
    with pytest.raises(NotReady, match="lacks 345 images"):
        services.client.cut_candidates()


def test_candidates_are_listed_over_pages(services: Running) -> None:
    """In global rank order, with the rankings that chose them."""
    found = list(services.client.candidates(page_size=3))
    assert [item.rank for item in found] == [1, 2, 3, 4]
    assert found[0].placements[0].key.competitor == Version("theirs", 1)
    assert [item.perceptual_hash for item in found[:2]] == [None, (1 << 63) + 2]
    assert (found[1].mean_discrepancy, found[1].source) == (0.4, "camera-3")
    assert next(services.client.candidate_sets()).note == "first cut"


def test_an_unknown_set_is_not_found(services: Running) -> None:
    """On the first candidate that is asked for."""
    with pytest.raises(NotFound, match="cut-9"):
        next(services.client.candidates("cut-9"))


def test_an_explanation_tells_places_and_reasons(services: Running) -> None:
    """A rank where the image has one, a reason where it is kept out."""
    found = services.client.explain(image_id(1))
    assert found.outcomes == (
        VersionOutcome(Version("ours", 2), None, 0.5),
        VersionOutcome(Version("others", 1), "the GPU ran out of memory", None),
    )
    assert found.contests[0].classes == (
        ClassOutcome(Defender.TARGET, "bus", 0.25, 3, ""),
        ClassOutcome(Defender.COMPETITOR, "cat", 0.7, None, "area share 0.700 is outside [0.050, 0.300]"),
    )
    assert (found.exclusions, found.candidate_set_ids) == (("veto",), ("cut-1",))


def test_label_maps_are_wire_bytes(services: Running) -> None:
    """As they are stored: whoever wants pixels decodes them."""
    maps = services.client.label_maps(image_id(1))
    assert [str(item.version) for item in maps] == ["ours/2", "theirs/1", "others/1"]
    assert decode(maps[0].label_map).areas()[1] == 64


def test_excluding_and_restoring_count(services: Running) -> None:
    """How many changed."""
    assert services.client.exclude([image_id(1), image_id(2)], "veto") == 2
    assert services.client.restore([image_id(1)], "veto") == 1
    assert services.selector.excluded == [((image_id(1), image_id(2)), "veto")]


def test_missing_images_are_listed(services: Running) -> None:
    """Failed ones only on request."""
    assert list(services.client.list_missing()) == [image_id(2), image_id(3)]
    assert list(services.client.list_missing(include_failed=True))[-1] == image_id(1)


def test_unknown_images_are_found(services: Running) -> None:
    """Those that no version has said anything of."""
    assert services.client.find_unknown([image_id(1), image_id(5)]) == (image_id(5),)


def test_the_status_tells_the_taxonomy(services: Running) -> None:
    """Names, colours and ranked classes."""
    status = services.client.selector_status()
    assert (status.class_names, status.ranked) == (("background", "bus", "cat"), ("bus", "cat"))
    assert status.colours == ((0, 0, 0), (0, 128, 128), (64, 0, 0))
    assert status.versions[0].failed == 2


def test_the_status_tells_which_versions_are_taken_over_the_images(services: Running) -> None:
    """How far each has come, how fast it gets on, and how long that takes."""
    assert services.client.selector_status().replays == (Replay(Version("theirs", 1), 12000, 0, 345, 2.5, 138.0),)


def test_predictions_can_be_requested(services: Running) -> None:
    """Of ids that nobody knows it is said."""
    found = services.client.request_predictions([image_id(2), image_id(9)], include_failed=True)
    assert found == PredictionsRequested(1, (image_id(9),))
    asked = services.selector.asked[0]
    assert isinstance(asked, selector_pb2.RequestPredictionsRequest)
    assert asked.include_failed


def test_a_difference_is_values(services: Running) -> None:
    """Ranks and discrepancies of the sides that an image is in, and counts per class."""
    found = services.client.diff_candidates("ours/1", "ours/2", per_ranking=7, images=ImageFilter(source="door"))
    assert [(item.image_id, item.new_rank, item.old_rank) for item in found.entered] == [
        (image_id(2), 2, None),
        (image_id(3), 3, None),
        (image_id(5), 5, None),
    ]
    assert found.left == (CandidateChange(image_id(9), 4, None, 0.5, None, ("bus",)),)
    assert found.stayed == (CandidateChange(image_id(1), 2, 1, 0.75, 0.875, ("bus",)),)
    assert found.classes[0] == ClassChange("bus", 2, 3, 2, 1)
    assert [str(item.competitor) for item in found.new_contests] == ["others/1", "theirs/1"]
    asked = services.selector.asked[0]
    assert isinstance(asked, selector_pb2.DiffCandidatesRequest)
    assert (asked.old.target.version, asked.new.target.version) == (1, 2)
    assert (asked.per_ranking, asked.filter.source) == (7, "door")


def test_candidate_sets_are_compared_by_their_ids(services: Running) -> None:
    """32 hexadecimal digits are a set; a set may stand against a version."""
    services.client.diff_candidates("c" * 32, "ours/2")
    asked = services.selector.asked[0]
    assert isinstance(asked, selector_pb2.DiffCandidatesRequest)
    assert (asked.old.candidate_set_id, asked.new.target.model) == ("c" * 32, "ours")
    with pytest.raises(NotFound, match="no candidate set"):
        services.client.diff_candidates("d" * 32, "ours/2")
