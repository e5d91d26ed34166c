"""Messages of EvaluationService."""

from madseg.client.decode.common import to_version
from madseg.client.decode.finetune import to_figure
from madseg.client.decode.rounds import to_difference, to_set, to_ties
from madseg.client.values.evaluation import (
    Competition,
    Coverage,
    CoveragePoint,
    Duel,
    DuelClass,
    Failure,
    Strength,
    VersionComparison,
)
from madseg.client.values.finetune import Figure
from madseg.v1 import evaluation_pb2


def to_comparison(message: evaluation_pb2.CompareVersionsResponse) -> VersionComparison:
    """Versions against each other."""
    return VersionComparison(
        to_set(message.set),
        tuple(map(to_difference, message.pairs)),
        tuple(map(to_ties, message.ties)),
        tuple(message.stability),
    )


def to_coverage(message: evaluation_pb2.GetCoverageResponse) -> Coverage:
    """What the contests see."""
    return Coverage(
        to_set(message.set),
        to_version(message.version),
        message.images,
        tuple(CoveragePoint(item.coverage, item.risk) for item in message.curve),
        message.correlation if message.HasField("correlation") else None,
        message.failures,
        message.unranked,
        message.behind,
        _figure(message, "unranked_share"),
        tuple(
            Failure(item.image_id, item.mean_iou, item.mean_discrepancy, item.rankings, item.top)
            for item in message.worst
        ),
    )


def to_competition(message: evaluation_pb2.GetCompetitionResponse) -> Competition:
    """What came of a competition."""
    return Competition(
        message.candidate_set_id,
        tuple(map(to_version, message.contestants)),
        message.images,
        message.drawn,
        message.vetoed,
        tuple(map(_duel, message.duels)),
        tuple(Strength(to_version(item.version), item.strength) for item in message.ranking),
        tuple(message.stability),
    )


def _duel(message: evaluation_pb2.Duel) -> Duel:
    return Duel(
        to_version(message.first),
        to_version(message.second),
        message.images,
        message.drawn,
        _figure(message, "first_figure"),
        _figure(message, "second_figure"),
        _figure(message, "gain"),
        message.corrected if message.HasField("corrected") else None,
        message.first_right,
        message.second_right,
        message.more_images if message.HasField("more_images") else None,
        tuple(
            DuelClass(item.class_name, item.images, item.first, item.second, item.first_right, item.second_right)
            for item in message.classes
        ),
    )


def _figure(message: evaluation_pb2.Duel | evaluation_pb2.GetCoverageResponse, name: str) -> Figure | None:
    found = next((value for field, value in message.ListFields() if field.name == name), None)
    return None if found is None else to_figure(found)
