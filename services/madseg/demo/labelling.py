"""The human half of the demo: M is scored, T is reserved and S cut, masks are drawn and checked, all by people who are
simulated and call under tokens of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from madseg.client import Agreement, Campaign, CampaignPlan, ChosenSets, Client, Opinion
from madseg.client.values.masks import ExportedMask, HumanCeiling, MaskPurpose, MaskTask
from madseg.client.values.scoring import VetoRecord
from madseg.core.label_map import LabelMap
from madseg.demo.adaptive import Saving, saving
from madseg.demo.masking import Drawer, draw_all
from madseg.demo.scoring import Panel, Picture, picture
from madseg.security.access import Role, add_token
from madseg.simulation.people.annotator import Annotator
from madseg.simulation.people.rater import Rater
from madseg.simulation.people.reviewer import Reviewer

SEED = 1
"""The people of the demo: the same every time."""

RATERS = (
    Rater("ada", bias=0.2, inconsistency=0.4, seed=SEED),
    Rater("ben", bias=-0.4, inconsistency=0.5, seed=SEED),
    Rater("cleo", bias=0.1, inconsistency=0.7, carelessness=0.05, seed=SEED),
)
STAND_INS = (Rater("dora", inconsistency=0.5, seed=SEED), Rater("emil", bias=-0.1, inconsistency=0.5, seed=SEED))
DRAWERS = ("fay", "gus", "hana")

DOUBLE_SHARE = 0.2
"""Share of masks drawn twice. A campaign of the usual size does with 0.05."""


@dataclass(frozen=True)
class Labelled:
    """What came of it all."""

    campaign: Campaign
    pictures: Mapping[str, Picture]
    opinions: Sequence[Opinion]
    agreement: Agreement
    vetoes: Sequence[VetoRecord]
    sets: ChosenSets
    tasks: Sequence[MaskTask]
    masks: Sequence[ExportedMask]
    ceiling: HumanCeiling
    saving: Saving


@dataclass(frozen=True)
class People:
    """All who are simulated, each with a client of their own."""

    panel: Panel
    drawers: Sequence[Drawer]


def gather(client: Client, tokens: Path) -> People:
    """Gives everybody a token, in the services' file of tokens."""
    raters, stand_ins = (_raters(client, tokens, group) for group in (RATERS, STAND_INS))
    return People(Panel(raters, stand_ins), _drawers(client, tokens))


def plan_for(images: int) -> CampaignPlan:
    """A campaign that fits a small M: a fifth of it becomes S, an eighth is reserved for T."""
    s, reserved = max(1, images // 5), images // 8
    return CampaignPlan(
        raters=len(RATERS), counterexamples=s, test_reserved=reserved, test_reported=images // 10, seed=SEED
    )


def label(
    client: Client,
    tokens: Path,
    truths: Mapping[str, LabelMap],
    predicted: Mapping[str, LabelMap],
    plan: CampaignPlan,
    *,
    quiet: bool = False,
) -> Labelled:
    """Labels the newest candidate set.

    `client` may do everything; `tokens` is the services' file of tokens, into which those of the people go.
    `truths` and the target's maps `predicted` are by image id, for every image of the candidate set.
    """
    pictures, people = seen(truths, predicted), gather(client, tokens)
    scored = people.panel.score(plan, client, pictures, quiet=quiet)
    client.choose_sets(scored.id)
    draw_all(people.drawers, client, scored.id, truths, double_share=DOUBLE_SHARE, quiet=quiet)
    return labelled(client, scored.id, pictures)


def seen(truths: Mapping[str, LabelMap], predicted: Mapping[str, LabelMap]) -> dict[str, Picture]:
    """What raters see of each predicted image."""
    return {image_id: picture(truths[image_id], found) for image_id, found in predicted.items()}


def labelled(client: Client, campaign_id: str, pictures: Mapping[str, Picture]) -> Labelled:
    """What came of a campaign whose masks are drawn."""
    campaign, opinions = client.campaign(campaign_id), list(client.opinions(campaign_id))
    second = client.export_masks(campaign_id, purpose=MaskPurpose.SECOND_OPINION)
    return Labelled(
        campaign=campaign,
        pictures=pictures,
        opinions=opinions,
        agreement=client.agreement(campaign_id),
        vetoes=client.vetoes(campaign_id),
        sets=client.chosen_sets(campaign_id),
        tasks=list(client.mask_tasks(campaign_id)),
        masks=[*client.export_masks(campaign_id), *second],
        ceiling=client.human_ceiling(campaign_id),
        saving=saving(RATERS, pictures, opinions, campaign.plan),
    )


def _raters(client: Client, tokens: Path, raters: Sequence[Rater]) -> list[tuple[Rater, Client]]:
    return [(rater, client.with_token(add_token(tokens, rater.name, [Role.RATER]))) for rater in raters]


def _drawers(client: Client, tokens: Path) -> list[Drawer]:
    roles = [Role.ANNOTATOR, Role.REVIEWER]
    return [
        Drawer(Annotator(name, seed=SEED), Reviewer(name, seed=SEED), client.with_token(add_token(tokens, name, roles)))
        for name in DRAWERS
    ]
