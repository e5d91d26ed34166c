"""Messages of EvaluationService from the client's values."""

from madseg.client.values.evaluation import Competition, Coverage, Duel, VersionComparison
from madseg.client.values.finetune import Figure
from madseg.rounds.encoding import (
    at_most_32_bits,
    difference_proto,
    figure_proto,
    set_proto,
    ties_proto,
    version_message,
)
from madseg.v1 import evaluation_pb2 as pb
from madseg.v1 import finetune_pb2


def comparison_proto(found: VersionComparison) -> pb.CompareVersionsResponse:
    """Versions against each other."""
    return pb.CompareVersionsResponse(
        set=set_proto(found.test_set),
        pairs=map(difference_proto, found.pairs),
        ties=map(ties_proto, found.ties),
        stability=found.stability,
    )


def coverage_proto(found: Coverage) -> pb.GetCoverageResponse:
    """What the contests see."""
    return pb.GetCoverageResponse(
        set=set_proto(found.test_set),
        version=version_message(found.version),
        images=found.images,
        curve=[pb.CoveragePoint(coverage=item.coverage, risk=item.risk) for item in found.curve],
        correlation=found.correlation,
        failures=found.failures,
        unranked=found.unranked,
        behind=found.behind,
        unranked_share=_figure(found.unranked_share),
        worst=[
            pb.Failure(
                image_id=item.image_id,
                mean_iou=item.mean_iou,
                mean_discrepancy=item.mean_discrepancy,
                rankings=item.rankings,
                top=item.top,
            )
            for item in found.worst
        ],
    )


def competition_proto(found: Competition) -> pb.GetCompetitionResponse:
    """What came of a competition."""
    return pb.GetCompetitionResponse(
        candidate_set_id=found.candidate_set_id,
        contestants=map(version_message, found.contestants),
        images=found.images,
        drawn=found.drawn,
        vetoed=found.vetoed,
        duels=map(_duel, found.duels),
        ranking=[pb.Strength(version=version_message(item.version), strength=item.strength) for item in found.ranking],
        stability=found.stability,
    )


def _duel(item: Duel) -> pb.Duel:
    return pb.Duel(
        first=version_message(item.first),
        second=version_message(item.second),
        images=item.images,
        drawn=item.drawn,
        first_figure=_figure(item.first_figure),
        second_figure=_figure(item.second_figure),
        gain=_figure(item.gain),
        corrected=item.corrected,
        first_right=item.first_right,
        second_right=item.second_right,
        more_images=at_most_32_bits(item.more_images),
        classes=[
            pb.DuelClass(
                class_name=each.class_name,
                images=each.images,
                first=each.first,
                second=each.second,
                first_right=each.first_right,
                second_right=each.second_right,
            )
            for each in item.classes
        ],
    )


def _figure(found: Figure | None) -> finetune_pb2.Figure | None:
    return None if found is None else figure_proto(found)
