"""The selector's results as protobufs, and its requests as arguments."""

import base64
import json
from collections.abc import Mapping

from google.protobuf.timestamp_pb2 import Timestamp

from madseg.core.errors import InvalidInput
from madseg.core.messages import Defender, checked_image_id
from madseg.core.ranking import Ranked, RankingKey
from madseg.core.taxonomy import Taxonomy
from madseg.selector.candidate_sets import CandidateSet, StoredCandidate
from madseg.selector.contests import Progress
from madseg.selector.explain import Explanation
from madseg.selector.queries import Summary, Which
from madseg.selector.walk import ImageFilter, Standing
from madseg.v1 import selector_pb2, types_pb2
from madseg.wire import moment, version_proto, version_ref

MAX_PAGE = 1000

MAX_SOURCE = 1000
"""Characters of a source that a filter names; images have shorter ones."""

_DEFENDERS = {
    Defender.TARGET: types_pb2.DEFENDER_TARGET,
    Defender.COMPETITOR: types_pb2.DEFENDER_COMPETITOR,
}
_STATES = {
    "filling": types_pb2.CONTEST_STATE_FILLING,
    "complete": types_pb2.CONTEST_STATE_COMPLETE,
    "retired": types_pb2.CONTEST_STATE_RETIRED,
}


def stamp(microseconds: int) -> Timestamp:
    """A protobuf timestamp of microseconds since the epoch."""
    result = Timestamp()
    result.FromMicroseconds(microseconds)
    return result


def page_size(asked: int, default: int) -> int:
    """The page size to use.

    Raises:
        InvalidInput: more than 1000.
    """
    if asked > MAX_PAGE:
        raise InvalidInput(f"page_size must be 1..{MAX_PAGE}, got {asked}", field="page_size")
    return asked or default


def token(**values: object) -> str:
    """An opaque page token."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def from_token(text: str) -> dict[str, object]:
    """What `token` packed; {} for an empty one.

    Raises:
        InvalidInput: no token of this service.
    """
    if not text:
        return {}
    try:
        values = json.loads(base64.urlsafe_b64decode(text.encode()))
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise foreign_token()
    return values


def foreign_token() -> InvalidInput:
    """The error for a token that isn't this service's."""
    return InvalidInput("page_token is not one that this method gave", field="page_token")


def after_entry(values: Mapping[str, object]) -> tuple[float, str] | None:
    """The order key that a ranking's page ended with; None for the first page.

    Raises:
        InvalidInput: no token of a ranking.
    """
    match values.get("after"):
        case None:
            return None
        case [str(discrepancy), str(image_id)]:
            try:
                return float.fromhex(discrepancy), checked_image_id(image_id)
            except (ValueError, OverflowError) as error:
                raise foreign_token() from error
    raise foreign_token()


def after_image(values: Mapping[str, object]) -> str:
    """The image that a page of ids ended with; "" for the first page.

    Raises:
        InvalidInput: no token of a list of images.
    """
    match values.get("after", ""):
        case "":
            return ""
        case str(image_id):
            try:
                return checked_image_id(image_id)
            except InvalidInput as error:
                raise foreign_token() from error
    raise foreign_token()


def after_rank(values: Mapping[str, object], asked: str) -> tuple[str, int]:
    """The candidate set and the rank that a page ended with; `asked` and 0 for the first page.

    Raises:
        InvalidInput: no token of a candidate set.
    """
    match values.get("set", asked), values.get("rank", 0):
        case str(set_id), int(rank) if 0 <= rank < 1 << 31:
            return set_id, rank
    raise foreign_token()


def plain_text(text: str, field: str, limit: int) -> str:
    """A text for people, as every database stores it.

    Raises:
        InvalidInput: it is longer than `limit` characters or has a NUL in it.
    """
    if len(text) > limit or "\0" in text:
        raise InvalidInput(f"{field} must have at most {limit} characters and no NUL, got {len(text)}", field=field)
    return text


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


def images(proto: types_pb2.ImageFilter) -> ImageFilter:
    """The filter of a request.

    Raises:
        InvalidInput: a time outside the years 1 to 9999, a source that no image can have.
    """
    return ImageFilter(
        captured_from=_micros(proto.captured_from, "captured_from") if proto.HasField("captured_from") else None,
        captured_until=_micros(proto.captured_until, "captured_until") if proto.HasField("captured_until") else None,
        source=plain_text(proto.source, "filter.source", MAX_SOURCE),
        tags=dict(proto.tags),
    )


def _micros(time: Timestamp, field: str) -> int:
    try:
        moment(time)
    except InvalidInput as error:
        raise InvalidInput(f"{field} is {error}", field=f"filter.{field}") from error
    return time.ToMicroseconds()


def contest_proto(item: Progress) -> types_pb2.Contest:
    """A contest with its progress."""
    ref = item.contest.ref
    return types_pb2.Contest(
        target=version_proto(ref.target),
        competitor=version_proto(ref.competitor),
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


def set_proto(item: CandidateSet) -> selector_pb2.CandidateSet:
    """A candidate set without its images."""
    contests = [
        types_pb2.Contest(
            target=version_proto(contest.target),
            competitor=version_proto(contest.competitor),
            state=_STATES[contest.state],
            compared=contest.compared,
            failed=contest.failed,
            missing=contest.missing,
        )
        for contest in item.contests
    ]
    return selector_pb2.CandidateSet(
        id=item.id,
        cut_at=stamp(item.cut_at),
        per_ranking=item.per_ranking,
        size=item.size,
        criteria_id=item.criteria_id,
        contests=contests,
        offsets=offset_protos(item.offsets),
        near_duplicates=item.near_duplicates,
        note=item.note,
    )


def offset_protos(offsets: Mapping[int, int]) -> list[selector_pb2.PartitionOffset]:
    """Where a consumer stands."""
    return [selector_pb2.PartitionOffset(partition=number, next=offset) for number, offset in offsets.items()]


def candidate_proto(item: StoredCandidate, taxonomy: Taxonomy) -> selector_pb2.Candidate:
    """One image of a candidate set."""
    placements = [
        selector_pb2.Placement(key=key_proto(place.key, taxonomy), rank=place.rank, discrepancy=place.discrepancy)
        for place in item.candidate.placements
    ]
    return selector_pb2.Candidate(
        rank=item.rank,
        image_id=item.candidate.image_id,
        discrepancy=item.candidate.discrepancy,
        placements=placements,
        near_duplicates=item.candidate.near_duplicates,
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
