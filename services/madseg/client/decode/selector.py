"""Messages of the selector."""

from madseg.client.decode.common import to_contest, to_defender, to_moment, to_version
from madseg.client.errors import InvalidArgument
from madseg.client.values.candidates import (
    Candidate,
    CandidateChange,
    CandidateDiff,
    CandidateSet,
    ClassChange,
    CutStrategy,
    ImagePlaces,
    Placement,
    Places,
)
from madseg.client.values.rankings import (
    ClassOutcome,
    ContestOutcome,
    Explanation,
    RankingEntry,
    RankingKey,
    RankingPage,
    RankingSummary,
    Replay,
    SelectorStatus,
    VersionCount,
    VersionOutcome,
)
from madseg.v1 import selector_pb2

_STRATEGIES = {
    CutStrategy.DISCREPANCY: selector_pb2.CUT_STRATEGY_DISCREPANCY,
    CutStrategy.ENTROPY: selector_pb2.CUT_STRATEGY_ENTROPY,
    CutStrategy.RANDOM: selector_pb2.CUT_STRATEGY_RANDOM,
}
_STRATEGY_NAMES = {
    # What a selector of an earlier release cut, it cut by discrepancy.
    selector_pb2.CUT_STRATEGY_UNSPECIFIED: CutStrategy.DISCREPANCY,
    **{value: name for name, value in _STRATEGIES.items()},
}


def to_key(message: selector_pb2.RankingKey) -> RankingKey:
    """The name of a ranking."""
    return RankingKey(
        to_version(message.target), to_version(message.competitor), to_defender(message.defender), message.class_name
    )


def to_summary(message: selector_pb2.RankingSummary) -> RankingSummary:
    """One ranking in a line."""
    top = message.top_discrepancy if message.HasField("top_discrepancy") else None
    return RankingSummary(to_key(message.key), message.images, message.eligible, message.mean_discrepancy, top)


def to_entry(message: selector_pb2.RankingEntry) -> RankingEntry:
    """One image of a ranking."""
    return RankingEntry(
        message.rank,
        message.image_id,
        message.discrepancy,
        message.area_share,
        message.source,
        to_moment(message.captured_at),
        tuple(message.near_duplicates),
    )


def to_page(message: selector_pb2.ListRankingEntriesResponse) -> RankingPage:
    """A page of a ranking."""
    contest = to_contest(message.contest) if message.HasField("contest") else None
    return RankingPage(tuple(map(to_entry, message.entries)), message.revision, contest, message.next_page_token)


def to_candidate_set(message: selector_pb2.CandidateSet) -> CandidateSet:
    """A cut of M."""
    return CandidateSet(
        message.id,
        to_moment(message.cut_at),
        message.per_ranking,
        message.size,
        message.criteria_id,
        tuple(map(to_contest, message.contests)),
        tuple((item.partition, item.next) for item in message.offsets),
        message.near_duplicates,
        message.note,
        _STRATEGY_NAMES.get(message.strategy, CutStrategy.UNKNOWN),
        message.grouped,
        message.seed,
        tuple(map(to_version, message.contestants)),
    )


def from_strategy(strategy: str | CutStrategy) -> selector_pb2.CutStrategy.ValueType:
    """The enum value of a strategy.

    Raises:
        InvalidArgument: no strategy.
    """
    try:
        return _STRATEGIES[CutStrategy(strategy)]
    except (ValueError, KeyError):
        told = f"strategy must be one of {', '.join(_STRATEGIES)}, got {strategy!r}"
        raise InvalidArgument(told, field="strategy") from None


def to_places(message: selector_pb2.PlaceImagesResponse) -> Places:
    """Where images would stand."""
    places = (
        ImagePlaces(
            item.image_id, item.compared, item.mean_discrepancy, item.largest_discrepancy, item.rankings, item.top
        )
        for item in message.places
    )
    return Places(to_version(message.target), tuple(places), tuple(message.unknown))


def to_candidate(message: selector_pb2.Candidate) -> Candidate:
    """One image of a candidate set."""
    placements = tuple(Placement(to_key(item.key), item.rank, item.discrepancy) for item in message.placements)
    return Candidate(
        message.rank,
        message.image_id,
        message.discrepancy,
        placements,
        tuple(message.near_duplicates),
        message.mean_discrepancy,
        message.perceptual_hash if message.HasField("perceptual_hash") else None,
        message.source,
        message.score if message.HasField("score") else None,
    )


def to_diff(message: selector_pb2.DiffCandidatesResponse) -> CandidateDiff:
    """What entered and left M."""
    return CandidateDiff(
        tuple(map(_change, message.entered)),
        tuple(map(_change, message.left)),
        tuple(map(_change, message.stayed)),
        tuple(ClassChange(item.class_name, item.old, item.new, item.entered, item.left) for item in message.classes),
        tuple(map(to_contest, message.old_contests)),
        tuple(map(to_contest, message.new_contests)),
    )


def _change(message: selector_pb2.CandidateChange) -> CandidateChange:
    return CandidateChange(
        message.image_id,
        message.old_rank if message.HasField("old_rank") else None,
        message.new_rank if message.HasField("new_rank") else None,
        message.old_discrepancy if message.HasField("old_discrepancy") else None,
        message.new_discrepancy if message.HasField("new_discrepancy") else None,
        tuple(message.class_names),
    )


def to_explanation(message: selector_pb2.ExplainImageResponse) -> Explanation:
    """Why an image is where it is."""
    return Explanation(
        message.image_id,
        message.source,
        to_moment(message.captured_at),
        message.random_lane,
        tuple(message.exclusions),
        tuple(map(_version_outcome, message.outcomes)),
        tuple(map(_contest_outcome, message.contests)),
        tuple(message.candidate_set_ids),
    )


def to_selector_status(message: selector_pb2.GetSelectorStatusResponse) -> SelectorStatus:
    """Where the selector stands."""
    return SelectorStatus(
        message.images,
        message.lag,
        message.dead_letters,
        message.revision,
        tuple(VersionCount(to_version(item.version), item.stored, item.failed) for item in message.versions),
        message.criteria_id,
        tuple(message.class_names),
        tuple(message.ranked),
        tuple((colour >> 16 & 255, colour >> 8 & 255, colour & 255) for colour in message.colours),
        tuple((item.partition, item.next) for item in message.offsets),
        tuple(map(_replay, message.replays)),
    )


def _replay(message: selector_pb2.Replay) -> Replay:
    return Replay(
        to_version(message.version),
        message.stored,
        message.failed,
        message.missing,
        message.images_per_second if message.HasField("images_per_second") else None,
        message.seconds_left if message.HasField("seconds_left") else None,
    )


def _version_outcome(message: selector_pb2.VersionOutcome) -> VersionOutcome:
    return VersionOutcome(
        to_version(message.version),
        message.failure if message.HasField("failure") else None,
        message.mean_entropy if message.HasField("mean_entropy") else None,
    )


def _contest_outcome(message: selector_pb2.ContestOutcome) -> ContestOutcome:
    classes = tuple(
        ClassOutcome(to_defender(item.defender), item.class_name, item.area_share, item.rank or None, item.reason)
        for item in message.classes
    )
    return ContestOutcome(to_version(message.target), to_version(message.competitor), message.discrepancy, classes)
