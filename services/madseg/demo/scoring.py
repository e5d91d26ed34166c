"""People score M: a campaign with simulated raters, each calling under a token of their own."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from madseg.cli.progress import tracked
from madseg.client import Campaign, CampaignPlan, CampaignState, Client
from madseg.client.values.scoring import Assignment
from madseg.core.errors import NotReady
from madseg.core.label_map import LabelMap
from madseg.simulation.people.perception import quality, shows_nothing
from madseg.simulation.people.rater import Rater

AT_ONCE = 10
"""Assignments that a rater holds."""


@dataclass(frozen=True)
class Picture:
    """What a rater sees: how good the target's label map looks, [1, 5], and whether the picture is out of domain."""

    quality: float
    out_of_domain: bool


def picture(truth: LabelMap, predicted: LabelMap) -> Picture:
    """What there is to see of an image with this truth and this prediction."""
    known = truth.dense()
    return Picture(quality(known, predicted.dense()), shows_nothing(known))


@dataclass(frozen=True)
class Panel:
    """Those who score, each with a client of their own. The `stand_ins` come when the others have nothing left to do:
    for an image that one of them could not judge."""

    raters: Sequence[tuple[Rater, Client]]
    stand_ins: Sequence[tuple[Rater, Client]] = ()

    def score(self, plan: CampaignPlan, operator: Client, pictures: Mapping[str, Picture], *, quiet: bool) -> Campaign:
        """Opens a campaign over the newest candidate set and judges until every image has what it needs.

        Raises:
            NotReady: nobody is left to ask, and images still lack judgements.
        """
        campaign = operator.create_campaign(plan=plan, note="demo")
        self.judge(campaign, pictures, quiet=quiet)
        done = operator.campaign(campaign.id)
        if done.state is not CampaignState.SCORED:
            raise NotReady(f"{done.finished} of {done.images} images are scored, and nobody is left to ask")
        return done

    def judge(self, campaign: Campaign, pictures: Mapping[str, Picture], *, quiet: bool) -> int:
        """Judges what the campaign still asks of these people; how many judgements that were."""
        wanted = max(0, campaign.grades_wanted - campaign.grades)
        judgements = self._judgements(campaign.id, pictures)
        return sum(1 for _ in tracked(judgements, "judged", wanted, quiet=quiet))

    def _judgements(self, campaign_id: str, pictures: Mapping[str, Picture]) -> Iterator[str]:
        """In turns of a few images each, so that two runs of the demo agree; the id of each image judged."""
        looks: Counter[tuple[str, str]] = Counter()
        for people in (self.raters, self.stand_ins):
            busy = True
            while busy:
                busy = False
                for rater, client in people:
                    for assignment in client.take_assignments(campaign_id, AT_ONCE).assignments:
                        key = (rater.name, assignment.image_id)
                        _judge(rater, client, assignment, pictures[assignment.image_id], looks[key])
                        looks[key] += 1
                        busy = True
                        yield assignment.image_id


def _judge(rater: Rater, client: Client, assignment: Assignment, seen: Picture, look: int) -> None:
    said = rater.judge(assignment.image_id, seen.quality, out_of_domain=seen.out_of_domain, look=look)
    if said.grade is not None:
        client.grade(assignment.id, said.grade, looked_ms=said.looked_ms)
    elif said.vetoed:
        client.veto(assignment.id, "no_class", looked_ms=said.looked_ms)
    else:
        client.abstain(assignment.id, looked_ms=said.looked_ms)
