"""EvaluationService: who calls, decode, one call, encode."""

from typing import Any

from madseg.client.values.common import Version
from madseg.ports import Database
from madseg.requests import plain_text
from madseg.rounds.asking import Asking
from madseg.rounds.comparing import FAILED_BELOW, PER_RANKING, compare, coverage
from madseg.rounds.competing import competition
from madseg.rounds.encoding import MAX_ID, set_number
from madseg.rounds.evaluating import Evaluator
from madseg.rounds.evaluation import encoding
from madseg.rounds.neighbours import Neighbours
from madseg.security.access import Role
from madseg.v1 import evaluation_pb2 as pb
from madseg.v1.evaluation_pb2_grpc import EvaluationServiceServicer
from madseg.wire import version_ref


class EvaluationApi(EvaluationServiceServicer):
    """Served beside RoundsService, whose tables have the results."""

    def __init__(self, database: Database, neighbours: Neighbours, asking: Asking, evaluator: Evaluator) -> None:
        self._database, self._neighbours, self._asking, self._evaluator = database, neighbours, asking, evaluator

    def CompareVersions(self, request: pb.CompareVersionsRequest, context: Any) -> pb.CompareVersionsResponse:
        self._asking.who(context, Role.REVIEWER, Role.OPERATOR)
        number = set_number(request.kind, request.round)
        named = [Version(found.model, found.version) for found in map(version_ref, request.versions)]
        model = self._asking.model(request.model)
        self._asking.refresh(model)
        return encoding.comparison_proto(compare(self._database, model, number, named))

    def GetCoverage(self, request: pb.GetCoverageRequest, context: Any) -> pb.GetCoverageResponse:
        self._asking.who(context, Role.REVIEWER, Role.OPERATOR)
        number, model = set_number(request.kind, request.round), self._asking.model(request.model)
        below = request.failed_below if request.HasField("failed_below") else FAILED_BELOW
        self._asking.refresh(model)
        places = request.per_ranking or PER_RANKING
        return encoding.coverage_proto(
            coverage(self._database, self._neighbours, model, number, request.version, below, places)
        )

    def GetCompetition(self, request: pb.GetCompetitionRequest, context: Any) -> pb.GetCompetitionResponse:
        self._asking.who(context, Role.REVIEWER, Role.OPERATOR)
        set_id = plain_text(request.candidate_set_id, "candidate_set_id", MAX_ID)
        return encoding.competition_proto(competition(self._neighbours, self._evaluator, set_id))
