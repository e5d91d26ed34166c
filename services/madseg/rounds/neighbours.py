"""What rounds ask of other services, over gRPC: the selector, Models, labelling, and fine-tuning."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from madseg import client
from madseg.client import (
    Campaign,
    CampaignPlan,
    Candidate,
    CandidateSet,
    ChosenSets,
    Contest,
    ImagePlaces,
    MaskPurpose,
    MaskTask,
    Run,
    RunPlan,
    RunState,
    Version,
)
from madseg.core.errors import InvalidInput, NotFound, NotReady
from madseg.neighbours import told

PLACED = 1000
"""Images that the selector is asked about in one call."""


class Neighbours(ABC):
    """The other services. Thread-safe. Every call may be made again without another effect: what makes something takes
    a `key`, and a second call with it answers with what the first one made, or is a Conflict where it asks for
    something else.

    Every call raises Unavailable where the service doesn't answer, or may answer otherwise later, and what else it says
    as it says it.
    """

    @abstractmethod
    def target(self, model: str) -> Version:
        """The newest version of a target that serves; the only target for "".

        Raises:
            NotFound: there is no such target, or several.
            NotReady: no version of it serves.
        """

    @abstractmethod
    def contests(self) -> Sequence[Contest]:
        """All contests and how far they have come."""

    @abstractmethod
    def cut(self, target: Version, per_ranking: int, key: str, note: str) -> CandidateSet:
        """Cuts M.

        Raises:
            NotReady: a contest is still filling.
        """

    @abstractmethod
    def fresh(self, target: Version, per_ranking: int, since: str) -> int:
        """Images of M as it would be cut now that the candidate set `since` has not; all of them for "".

        Raises:
            NotReady: a contest is still filling.
        """

    @abstractmethod
    def competition(self, candidate_set_id: str) -> tuple[CandidateSet, Sequence[Candidate]]:
        """A candidate set that was cut with contestants, the newest such for "", and its images.

        Raises:
            NotFound: there is no such set.
            InvalidInput: it has no contestants.
        """

    @abstractmethod
    def places(self, target: Version, image_ids: Sequence[str], per_ranking: int) -> Sequence[ImagePlaces]:
        """Where images would stand in the rankings of a target's contests, those that nothing is known of left out.

        Raises:
            NotFound: it has no contest.
        """

    @abstractmethod
    def open_campaign(self, candidate_set_id: str, plan: CampaignPlan, key: str, note: str) -> Campaign:
        """Opens a campaign over a candidate set."""

    @abstractmethod
    def campaign(self, campaign_id: str) -> Campaign:
        """How far it has come."""

    @abstractmethod
    def campaigns(self, model: str) -> Sequence[Campaign]:
        """Campaigns about a target, oldest first."""

    @abstractmethod
    def cancel_campaign(self, campaign_id: str) -> None:
        """Ends a campaign and its mask tasks before their time."""

    @abstractmethod
    def choose(self, campaign_id: str, *, allow_incomplete: bool) -> ChosenSets:
        """Reserves T, cuts S, closes the campaign.

        Raises:
            NotReady: images still lack judgements, and that isn't allowed.
        """

    @abstractmethod
    def chosen(self, campaign_id: str) -> ChosenSets:
        """What it chose, without the images that were vetoed since."""

    @abstractmethod
    def make_tasks(self, campaign_id: str, annotators: Sequence[str], double_share: float) -> None:
        """Makes the mask tasks of a campaign that aren't there."""

    @abstractmethod
    def tasks(self, *, campaign_id: str = "", purpose: MaskPurpose | None = None) -> Sequence[MaskTask]:
        """Mask tasks, of a campaign and for a purpose where these are given, in the order of their making."""

    @abstractmethod
    def mask(self, task_id: str, revision: int) -> bytes:
        """A revision of a mask in wire form, on the original's grid."""

    @abstractmethod
    def maps(self, image_id: str) -> Mapping[Version, bytes]:
        """The stored label maps of an image in wire form, on the canonical grid."""

    @abstractmethod
    def check_run(self, plan: RunPlan) -> None:
        """Does nothing where fine-tuning takes such a plan.

        Raises:
            InvalidInput: a recipe, setting or bound that can't be.
        """

    @abstractmethod
    def start_run(self, plan: RunPlan, key: str) -> Run:
        """Begins a run of fine-tuning."""

    @abstractmethod
    def run(self, run_id: str) -> Run:
        """A run."""

    @abstractmethod
    def released(self, model: str) -> Sequence[Run]:
        """The runs that released a version of a target, oldest first."""

    @abstractmethod
    def promote(self, run_id: str, *, despite_gate: bool) -> Run:
        """Has the version of a run released.

        Raises:
            NotReady: it made no version, or the gate refused it.
        """

    @abstractmethod
    def cancel_run(self, run_id: str) -> Run:
        """Ends a run.

        Raises:
            NotReady: it has ended otherwise, or is being released.
        """


class Remote(Neighbours):
    """The services at the addresses of a client, which is made when it is first needed."""

    def __init__(self, connect: Callable[[], client.Client]) -> None:
        self._connect = connect

    def target(self, model: str) -> Version:
        with told("rounds"):
            found = [item for item in self._client.models() if item.role is client.Role.TARGET]
        named = [item for item in found if item.name == model] if model else found
        if not found:
            raise NotFound("there is no target yet: `madseg model add` with `role: target` in the card")
        if len(named) != 1:
            there = ", ".join(item.name for item in found)
            raise NotFound(f"{model or 'the target'} must be one of the targets: there are {there}")
        if not named[0].serving:
            raise NotReady(f"no version of {named[0].name} serves")
        return Version(named[0].name, max(named[0].serving))

    def contests(self) -> Sequence[Contest]:
        with told("rounds"):
            return self._client.contests()

    def cut(self, target: Version, per_ranking: int, key: str, note: str) -> CandidateSet:
        with told("rounds"):
            return self._client.cut_candidates(per_ranking=per_ranking, target=target, idempotency_key=key, note=note)

    def fresh(self, target: Version, per_ranking: int, since: str) -> int:
        with told("rounds"):
            found = self._client.diff_candidates(since or target, target, per_ranking=per_ranking)
        return len(found.entered) + (0 if since else len(found.stayed))

    def competition(self, candidate_set_id: str) -> tuple[CandidateSet, Sequence[Candidate]]:
        with told("rounds"):
            sets = self._client.candidate_sets()
            chosen = next(
                (item for item in sets if (item.id == candidate_set_id if candidate_set_id else item.contestants)), None
            )
            if chosen is None:
                which = candidate_set_id[:100] or "with contestants"
                raise NotFound(f"no candidate set {which}: `madseg candidates cut --contestant` makes one")
            if not chosen.contestants:
                raise InvalidInput(
                    f"candidate set {chosen.id} was cut for a target and has no contestants",
                    field="candidate_set_id",
                )
            return chosen, list(self._client.candidates(chosen.id, page_size=1000))

    def places(self, target: Version, image_ids: Sequence[str], per_ranking: int) -> Sequence[ImagePlaces]:
        found: list[ImagePlaces] = []
        with told("rounds"):
            for at in range(0, len(image_ids), PLACED):
                some = image_ids[at : at + PLACED]
                found.extend(self._client.places(some, target=target, per_ranking=per_ranking).places)
        return found

    def open_campaign(self, candidate_set_id: str, plan: CampaignPlan, key: str, note: str) -> Campaign:
        with told("rounds"):
            return self._client.create_campaign(candidate_set_id, plan, note=note, idempotency_key=key)

    def campaign(self, campaign_id: str) -> Campaign:
        with told("rounds"):
            return self._client.campaign(campaign_id)

    def campaigns(self, model: str) -> Sequence[Campaign]:
        with told("rounds"):
            found = list(self._client.campaigns(page_size=1000))
        return [item for item in reversed(found) if item.target.model == model]

    def cancel_campaign(self, campaign_id: str) -> None:
        with told("rounds"):
            self._client.cancel_campaign(campaign_id)

    def choose(self, campaign_id: str, *, allow_incomplete: bool) -> ChosenSets:
        with told("rounds"):
            return self._client.choose_sets(campaign_id, allow_incomplete=allow_incomplete)

    def chosen(self, campaign_id: str) -> ChosenSets:
        with told("rounds"):
            return self._client.chosen_sets(campaign_id)

    def make_tasks(self, campaign_id: str, annotators: Sequence[str], double_share: float) -> None:
        with told("rounds"):
            self._client.create_mask_tasks(campaign_id, annotators, double_share=double_share)

    def tasks(self, *, campaign_id: str = "", purpose: MaskPurpose | None = None) -> Sequence[MaskTask]:
        with told("rounds"):
            return list(self._client.mask_tasks(campaign_id, purpose=purpose, page_size=1000))

    def mask(self, task_id: str, revision: int) -> bytes:
        with told("rounds"):
            return self._client.mask_revision(task_id, revision).label_map

    def maps(self, image_id: str) -> Mapping[Version, bytes]:
        with told("rounds"):
            return {item.version: item.label_map for item in self._client.label_maps(image_id)}

    def check_run(self, plan: RunPlan) -> None:
        with told("rounds"):
            self._client.check_run(plan)

    def start_run(self, plan: RunPlan, key: str) -> Run:
        with told("rounds"):
            return self._client.start_run(plan, idempotency_key=key)

    def run(self, run_id: str) -> Run:
        with told("rounds"):
            return self._client.run(run_id)

    def released(self, model: str) -> Sequence[Run]:
        with told("rounds"):
            found = list(self._client.runs(state=RunState.RELEASED, page_size=1000))
        return [item for item in reversed(found) if item.released is not None and item.released.model == model]

    def promote(self, run_id: str, *, despite_gate: bool) -> Run:
        with told("rounds"):
            return self._client.promote_run(run_id, despite_gate=despite_gate)

    def cancel_run(self, run_id: str) -> Run:
        with told("rounds"):
            return self._client.cancel_run(run_id)

    @cached_property
    def _client(self) -> client.Client:
        return self._connect()
