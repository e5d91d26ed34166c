"""What versions are worth beyond Table 1."""

from collections.abc import Iterable

from madseg.client.connection import Connection
from madseg.client.decode.common import from_version
from madseg.client.decode.evaluation import to_comparison, to_competition, to_coverage
from madseg.client.decode.fill import fill
from madseg.client.decode.rounds import from_kind
from madseg.client.values.common import Version
from madseg.client.values.evaluation import Competition, Coverage, VersionComparison
from madseg.client.values.rounds import TestKind
from madseg.v1 import evaluation_pb2
from madseg.v1.evaluation_pb2_grpc import EvaluationServiceStub

EVALUATION_SECONDS = 300.0
"""Default deadline: a version or a mask that is new is first held against the others."""


class EvaluationCalls:
    """The calls of EvaluationService, for reviewers and operators.

    A `kind` is "round", with the number of the round, or "random_lane". A `model` that is left out is the only target.
    """

    _rounds: Connection

    def compare_versions(
        self,
        kind: str | TestKind = TestKind.RANDOM_LANE,
        round_number: int = 0,
        versions: Iterable[str | Version] = (),
        *,
        model: str = "",
        timeout: float = EVALUATION_SECONDS,
    ) -> VersionComparison:
        """Versions of a test set against each other: at most 8, `"name/3"` each; the target's newest where none is
        named.

        Raises:
            NotFound: there is no such round, or a version has no figures on the set.
        """
        request = fill(
            evaluation_pb2.CompareVersionsRequest,
            model=model,
            kind=from_kind(kind),
            round=round_number,
            versions=[named for item in versions if (named := from_version(item)) is not None],
        )
        return to_comparison(self._rounds.call(self._evaluation_stub().CompareVersions, request, timeout))

    def coverage(
        self,
        kind: str | TestKind = TestKind.RANDOM_LANE,
        round_number: int = 0,
        *,
        version: int = 0,
        failed_below: float | None = None,
        per_ranking: int = 0,
        model: str = "",
        timeout: float = EVALUATION_SECONDS,
    ) -> Coverage:
        """How much of what a version of the target (default: its newest) gets wrong its contests see.

        A failure is an image whose mIoU is below `failed_below` (0.5); `per_ranking` (25) of each ranking would be
        mined.

        Raises:
            NotFound: there is no such round, or the version has no figures on the set.
        """
        request = fill(
            evaluation_pb2.GetCoverageRequest,
            model=model,
            kind=from_kind(kind),
            round=round_number,
            version=version,
            failed_below=failed_below,
            per_ranking=per_ranking,
        )
        return to_coverage(self._rounds.call(self._evaluation_stub().GetCoverage, request, timeout))

    def competition(self, candidate_set_id: str = "", *, timeout: float = EVALUATION_SECONDS) -> Competition:
        """What came of a candidate set that was cut with contestants (default: the newest such).

        Raises:
            NotFound: there is no such set.
            InvalidArgument: it has no contestants.
        """
        request = fill(evaluation_pb2.GetCompetitionRequest, candidate_set_id=candidate_set_id)
        return to_competition(self._rounds.call(self._evaluation_stub().GetCompetition, request, timeout))

    def _evaluation_stub(self) -> EvaluationServiceStub:
        return self._rounds.stub(EvaluationServiceStub)
