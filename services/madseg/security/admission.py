"""Which roles each method takes: the table that every gRPC server of a deployment asks before anything else.

What isn't in it is shut. A rater must not see how much the models disagree, so what tells that takes another role.
"""

from collections.abc import Iterable, Mapping

from madseg.core.errors import Forbidden
from madseg.security.access import Access, Principal, Role
from madseg.security.callers import identify

ANYBODY: tuple[Role, ...] = ()
"""Whoever has a token."""

OPERATOR = (Role.OPERATOR,)
RATER = (Role.RATER,)
ANNOTATOR = (Role.ANNOTATOR,)
REVIEWER = (Role.REVIEWER,)
SOURCE = (Role.SOURCE, Role.OPERATOR)
"""Those who bring images in."""
READER = (Role.READER, Role.ANNOTATOR, Role.REVIEWER, Role.OPERATOR)
"""Those who may see rankings: all but raters and sources."""
DRAWER = (Role.ANNOTATOR, Role.REVIEWER, Role.OPERATOR)
OVERSEER = (Role.REVIEWER, Role.OPERATOR)

_SERVICES: Mapping[str, Mapping[str, tuple[Role, ...]]] = {
    "IntakeService": {
        "UploadImage": SOURCE,
        "UploadImages": SOURCE,
        "ImportPredictions": SOURCE,
        "GetImage": ANYBODY,
        "GetPicture": ANYBODY,
        "ListImages": (Role.SOURCE, *READER),
        "RequeueImages": OPERATOR,
        "GetIntakeStatus": ANYBODY,
        "ForgetImage": OPERATOR,
    },
    "ModelsService": {
        "ListModels": ANYBODY,
        "GetModel": ANYBODY,
        "AddModel": OPERATOR,
        "ReleaseVersion": OPERATOR,
        "RegisterImportedModel": OPERATOR,
        "SetRole": OPERATOR,
        "ServeVersions": OPERATOR,
        "RollbackVersion": OPERATOR,
    },
    "SelectorService": {
        "ListContests": ANYBODY,
        "ListRankings": READER,
        "ListRankingEntries": READER,
        "WatchRanking": READER,
        "GetDiscrepancyMatrix": READER,
        "CutCandidates": OPERATOR,
        "ListCandidateSets": ANYBODY,
        "ListCandidates": READER,
        "DiffCandidates": READER,
        "ExplainImage": READER,
        "PlaceImages": READER,
        "GetLabelMaps": READER,
        "ExcludeImages": OPERATOR,
        "RestoreImages": OPERATOR,
        "ForgetImage": OPERATOR,
        "ExpireImages": OPERATOR,
        "ListMissing": (Role.SOURCE, *READER),
        "RequestPredictions": OPERATOR,
        "FindUnknownImages": (Role.SOURCE, *READER),
        "GetSelectorStatus": ANYBODY,
    },
    "ScoringService": {
        "CreateCampaign": OPERATOR,
        "ListCampaigns": ANYBODY,
        "GetCampaign": ANYBODY,
        "WatchCampaign": ANYBODY,
        "TakeAssignments": RATER,
        "ReturnAssignments": RATER,
        "Judge": RATER,
        "UndoJudgement": RATER,
        "ListOpinions": OVERSEER,
        "ListVetoes": OVERSEER,
        "RevokeVetoes": OPERATOR,
        "GetAgreement": OVERSEER,
        "CancelCampaign": OPERATOR,
        "ChooseSets": OPERATOR,
        "GetChosenSets": DRAWER,
        "ForgetImage": OPERATOR,
    },
    "MasksService": {
        "CreateMaskTasks": OPERATOR,
        "AddMaskTasks": OPERATOR,
        "ListMaskTasks": DRAWER,
        "GetMaskTask": DRAWER,
        "TakeMaskTask": ANNOTATOR,
        "ReturnMaskTask": ANNOTATOR,
        "ReassignMaskTask": OVERSEER,
        "GetMaskStart": ANNOTATOR,
        "SaveMask": ANNOTATOR,
        "SubmitMask": ANNOTATOR,
        "SendBackImage": ANNOTATOR,
        "TakeReview": REVIEWER,
        "AddFinding": REVIEWER,
        "UpdateFinding": (Role.ANNOTATOR, Role.REVIEWER),
        "DecideReview": REVIEWER,
        "PostMessage": DRAWER,
        "GetMaskRevision": DRAWER,
        "ExportMasks": DRAWER,
        "ImportMasks": ANNOTATOR,
        "GetHumanCeiling": OVERSEER,
    },
    "FineTuneService": {
        "StartRun": OPERATOR,
        "GetRun": ANYBODY,
        "ListRuns": ANYBODY,
        "WatchRun": ANYBODY,
        "CancelRun": OPERATOR,
        "PromoteRun": OPERATOR,
    },
    "RoundsService": {
        "StartRound": OPERATOR,
        "GetRound": ANYBODY,
        "ListRounds": ANYBODY,
        "WatchRound": ANYBODY,
        "ApproveRound": OPERATOR,
        "CancelRound": OPERATOR,
        "GetPolicy": ANYBODY,
        "SetPolicy": OPERATOR,
        "GetStandings": OVERSEER,
        "ListResults": OVERSEER,
    },
    "EvaluationService": {
        "CompareVersions": OVERSEER,
        "GetCoverage": OVERSEER,
        "GetCompetition": OVERSEER,
    },
}

METHODS: Mapping[str, tuple[Role, ...]] = {
    f"/madseg.v1.{service}/{method}": roles
    for service, methods in _SERVICES.items()
    for method, roles in methods.items()
}
"""By the path of a method. An admin may do everything in it."""


class Admission:
    """Lets calls in by the table."""

    def __init__(self, access: Access, methods: Mapping[str, tuple[Role, ...]] = METHODS) -> None:
        self._access, self._methods = access, methods

    def identify(self, metadata: Iterable[tuple[str, str | bytes]]) -> Principal:
        """Who calls.

        Raises:
            Unauthenticated: no token, another scheme, or a token that nobody has.
            Forbidden: somebody has it who has no role at all.
            Unavailable: the tokens can't be read now.
        """
        return identify(self._access, metadata)

    def allow(self, method: str, who: Principal) -> None:
        """Does nothing where they may call a method.

        Raises:
            Forbidden: none of the method's roles is theirs, or the table doesn't have it.
        """
        roles = self._methods.get(method)
        if roles is None:
            raise Forbidden(f"{method} takes no role that anybody could have")
        who.must(*roles)
