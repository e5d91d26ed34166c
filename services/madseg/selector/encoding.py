"""The selector's results as protobufs, and its requests as arguments."""

import math
from collections.abc import Mapping

from madseg.core.candidates import Order, Strategy
from madseg.core.errors import InvalidInput
from madseg.core.messages import Defender, VersionRef
from madseg.core.ranking import Ranked, RankingKey
from madseg.core.taxonomy import Taxonomy
from madseg.core.times import micros
from madseg.requests import plain_text
from madseg.selector.candidate_facts import CandidateFacts, mean_discrepancy
from madseg.selector.candidate_sets import CandidateSet, StoredCandidate, StoredContest
from madseg.selector.diff import Change, Diff, Side
from madseg.selector.explain import Explanation
from madseg.selector.queries import Placed, Summary, Which
from madseg.selector.replay_progress import ReplayProgress
from madseg.selector.walk import ImageFilter, Standing
from madseg.v1 import selector_pb2, types_pb2
from madseg.wire import moment, stamp, version_proto, version_ref

MAX_SET_ID = 100
"""Characters of a candidate set's id; real ones have 32."""

MAX_SOURCE = 1000
"""Characters of a source that a filter names; images have shorter ones."""

MAX_TAG = 1000
"""The same for a tag's name and its value."""

MAX_TAGS = 32
"""Tags of a filter; no image has more, and each is a condition of the query."""

MAX_SIZE, MAX_CONTESTANTS = 10_000, 10
"""Images of a set that is cut by entropy or by lot, and versions of a competition."""

_STRATEGIES = {
    Strategy.DISCREPANCY: selector_pb2.CUT_STRATEGY_DISCREPANCY,
    Strategy.ENTROPY: selector_pb2.CUT_STRATEGY_ENTROPY,
    Strategy.RANDOM: selector_pb2.CUT_STRATEGY_RANDOM,
}

_DEFENDERS = {
    Defender.TARGET: types_pb2.DEFENDER_TARGET,
    Defender.COMPETITOR: types_pb2.DEFENDER_COMPETITOR,
}
_STATES = {
    "filling": types_pb2.CONTEST_STATE_FILLING,
    "complete": types_pb2.CONTEST_STATE_COMPLETE,
    "retired": types_pb2.CONTEST_STATE_RETIRED,
}


def which(
    target: types_pb2.ModelVersion,
    competitor: types_pb2.ModelVersion | None = None,
    defender: types_pb2.Defender.ValueType = types_pb2.DEFENDER_UNSPECIFIED,
    class_name: str = "",
) -> Which:
    """What a request asks for; version 0 leaves the version open."""
    other = competitor or types_pb2.ModelVersion()
    if defender not in (types_pb2.DEFENDER_UNSPECIFIED, *_DEFENDERS.values()):
        raise InvalidInput(f"a defender must be target or competitor, got {defender}", field="defender")
    return Which(
        target=version_ref(target) if target.version else None,
        target_model=target.model,
        competitor=version_ref(other) if other.version else None,
        competitor_model=other.model,
        defender=next((side for side, proto in _DEFENDERS.items() if proto == defender), None),
        class_name=class_name,
    )


def side(proto: selector_pb2.DiffSide, field: str) -> Side:
    """A side of a comparison.

    Raises:
        InvalidInput: it says neither a target nor a candidate set.
    """
    match proto.WhichOneof("side"):
        case "target":
            return which(proto.target)
        case "candidate_set_id":
            return plain_text(proto.candidate_set_id, f"{field}.candidate_set_id", MAX_SET_ID)
    raise InvalidInput(f"{field} must be a target version or a candidate set", field=field)


def images(proto: types_pb2.ImageFilter) -> ImageFilter:
    """The filter of a request.

    Raises:
        InvalidInput: a time outside the years 1 to 9999, a source or a tag that no image can have, or more tags.
    """
    if len(proto.tags) > MAX_TAGS:
        raise InvalidInput(
            f"a filter has at most {MAX_TAGS} tags, as images have, got {len(proto.tags)}", field="filter.tags"
        )
    since = moment(proto.captured_from, "filter.captured_from") if proto.HasField("captured_from") else None
    until = moment(proto.captured_until, "filter.captured_until") if proto.HasField("captured_until") else None
    return ImageFilter(
        captured_from=None if since is None else micros(since),
        captured_until=None if until is None else micros(until),
        source=plain_text(proto.source, "filter.source", MAX_SOURCE),
        tags={_tag(name): _tag(value) for name, value in proto.tags.items()},
    )


def _tag(text: str) -> str:
    return plain_text(text, "filter.tags", MAX_TAG)


def contest_proto(item: StoredContest) -> types_pb2.Contest:
    """A contest with its progress."""
    return types_pb2.Contest(
        target=version_proto(item.target),
        competitor=version_proto(item.competitor),
        state=_STATES[item.state],
        compared=item.compared,
        failed=item.failed,
        missing=item.missing,
    )


def key_proto(key: RankingKey, taxonomy: Taxonomy) -> selector_pb2.RankingKey:
    """A ranking's name."""
    return selector_pb2.RankingKey(
        target=version_proto(key.target),
        competitor=version_proto(key.competitor),
        defender=_DEFENDERS[key.defender],
        class_name=taxonomy.names[key.label],
    )


def summary_proto(item: Summary, taxonomy: Taxonomy) -> selector_pb2.RankingSummary:
    """One line of the overview."""
    return selector_pb2.RankingSummary(
        key=key_proto(item.key, taxonomy),
        images=item.images,
        eligible=item.eligible,
        mean_discrepancy=item.mean_discrepancy,
        top_discrepancy=item.top,
    )


def entry_proto(ranked: Ranked, standings: Mapping[str, Standing]) -> selector_pb2.RankingEntry:
    """One image of a ranking."""
    found = standings[ranked.entry.image_id]
    return selector_pb2.RankingEntry(
        rank=ranked.rank,
        image_id=ranked.entry.image_id,
        discrepancy=ranked.entry.discrepancy,
        area_share=ranked.entry.area_share,
        source=found.source,
        captured_at=stamp(found.captured_at),
        near_duplicates=ranked.near_duplicates,
    )


def order(request: selector_pb2.CutCandidatesRequest) -> Order:
    """In what order a cut takes images.

    Raises:
        InvalidInput: values that can't be, or don't go together.
    """
    strategy = next((known for known, value in _STRATEGIES.items() if value == request.strategy), None)
    if request.strategy == selector_pb2.CUT_STRATEGY_UNSPECIFIED:
        strategy = Strategy.DISCREPANCY
    if strategy is None:
        raise InvalidInput(
            f"strategy must be one of {', '.join(_STRATEGIES)}, got {request.strategy}", field="strategy"
        )
    if request.seed >= 1 << 63:
        raise InvalidInput("seed must be below 2 ** 63", field="seed")
    if strategy is Strategy.DISCREPANCY:
        if request.size or request.grouped or request.seed:
            raise InvalidInput("size, grouped and seed are for entropy and random alone", field="strategy")
        return Order(contestants=_contestants(request))
    if request.contestants:
        raise InvalidInput("contestants compete by discrepancy alone", field="contestants")
    if not 1 <= request.size <= MAX_SIZE:
        raise InvalidInput(f"size must be 1..{MAX_SIZE} by {strategy}, got {request.size}", field="size")
    if strategy is Strategy.ENTROPY and request.seed:
        raise InvalidInput("seed is for random alone", field="seed")
    return Order(strategy, request.size, request.grouped, request.seed)


def _contestants(request: selector_pb2.CutCandidatesRequest) -> tuple[VersionRef, ...]:
    found = tuple(sorted({version_ref(item) for item in request.contestants}))
    if found and not 2 <= len(found) <= MAX_CONTESTANTS:
        raise InvalidInput(
            f"contestants must be 2..{MAX_CONTESTANTS} different versions, got {len(found)}", field="contestants"
        )
    if found and request.target.model:
        raise InvalidInput("a competition has contestants and no target", field="target")
    return found


def set_proto(item: CandidateSet) -> selector_pb2.CandidateSet:
    """A candidate set without its images."""
    return selector_pb2.CandidateSet(
        id=item.id,
        cut_at=stamp(item.cut_at),
        per_ranking=item.per_ranking,
        size=item.size,
        criteria_id=item.criteria_id,
        contests=map(contest_proto, item.contests),
        offsets=offset_protos(item.offsets),
        near_duplicates=item.near_duplicates,
        note=item.note,
        strategy=_STRATEGIES[item.order.strategy],
        grouped=item.order.grouped,
        seed=item.order.seed,
        contestants=map(version_proto, item.order.contestants),
    )


def places_proto(found: Placed) -> selector_pb2.PlaceImagesResponse:
    """Where images would stand."""
    return selector_pb2.PlaceImagesResponse(
        places=[
            selector_pb2.ImagePlaces(
                image_id=item.image_id,
                compared=len(item.discrepancies),
                mean_discrepancy=math.fsum(item.discrepancies) / len(item.discrepancies) if item.discrepancies else 0.0,
                largest_discrepancy=max(item.discrepancies, default=0.0),
                rankings=item.rankings,
                top=item.top,
            )
            for item in found.places
        ],
        unknown=found.unknown,
        target=version_proto(found.target),
    )


def offset_protos(offsets: Mapping[int, int]) -> list[selector_pb2.PartitionOffset]:
    """Where a consumer stands."""
    return [selector_pb2.PartitionOffset(partition=number, next=offset) for number, offset in offsets.items()]


def candidate_proto(item: StoredCandidate, known: CandidateFacts, taxonomy: Taxonomy) -> selector_pb2.Candidate:
    """One image of a candidate set."""
    placements = [
        selector_pb2.Placement(key=key_proto(place.key, taxonomy), rank=place.rank, discrepancy=place.discrepancy)
        for place in item.candidate.placements
    ]
    return selector_pb2.Candidate(
        rank=item.rank,
        image_id=item.candidate.image_id,
        discrepancy=item.candidate.discrepancy if placements else max(known.discrepancies.values(), default=0.0),
        placements=placements,
        near_duplicates=item.candidate.near_duplicates,
        mean_discrepancy=mean_discrepancy(item.candidate, known),
        perceptual_hash=known.perceptual_hash,
        source=known.source,
        score=item.candidate.score,
    )


def diff_proto(found: Diff, taxonomy: Taxonomy) -> selector_pb2.DiffCandidatesResponse:
    """What entered and left."""
    return selector_pb2.DiffCandidatesResponse(
        entered=[_change(item, taxonomy) for item in found.entered],
        left=[_change(item, taxonomy) for item in found.left],
        stayed=[_change(item, taxonomy) for item in found.stayed],
        classes=[
            selector_pb2.ClassChange(
                class_name=taxonomy.names[item.label],
                old=item.old,
                new=item.new,
                entered=item.entered,
                left=item.left,
            )
            for item in found.classes
        ],
        old_contests=map(contest_proto, found.old_contests),
        new_contests=map(contest_proto, found.new_contests),
    )


def _change(item: Change, taxonomy: Taxonomy) -> selector_pb2.CandidateChange:
    return selector_pb2.CandidateChange(
        image_id=item.image_id,
        old_rank=item.old.rank if item.old else None,
        new_rank=item.new.rank if item.new else None,
        old_discrepancy=item.old.discrepancy if item.old else None,
        new_discrepancy=item.new.discrepancy if item.new else None,
        class_names=[taxonomy.names[label] for label in item.labels],
    )


def replay_proto(item: ReplayProgress) -> selector_pb2.Replay:
    """How far a version has come over the images that are in."""
    return selector_pb2.Replay(
        version=version_proto(item.version),
        stored=item.stored,
        failed=item.failed,
        missing=item.missing,
        images_per_second=item.rate,
        seconds_left=item.seconds_left,
    )


def explanation_proto(found: Explanation, taxonomy: Taxonomy) -> selector_pb2.ExplainImageResponse:
    """Why an image stands where it does."""
    outcomes = [
        selector_pb2.VersionOutcome(version=version_proto(ref), failure=failure, mean_entropy=entropy)
        for ref, (failure, entropy) in found.outcomes.items()
    ]
    contests = [
        selector_pb2.ContestOutcome(
            target=version_proto(contest.target),
            competitor=version_proto(contest.competitor),
            discrepancy=contest.discrepancy,
            classes=[
                selector_pb2.ClassOutcome(
                    defender=_DEFENDERS[item.defender],
                    class_name=taxonomy.names[item.label],
                    area_share=item.area_share,
                    rank=item.rank,
                    reason=item.reason,
                )
                for item in contest.classes
            ],
        )
        for contest in found.contests
    ]
    return selector_pb2.ExplainImageResponse(
        image_id=found.image_id,
        source=found.source,
        captured_at=stamp(found.captured_at),
        random_lane=found.random_lane,
        exclusions=found.exclusions,
        outcomes=outcomes,
        contests=contests,
        candidate_set_ids=found.candidate_sets,
    )
