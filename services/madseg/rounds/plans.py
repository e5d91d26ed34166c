"""Plans of rounds: checked before anybody works for them, filled with defaults, kept as JSON.

The defaults of scoring and of the gate are those that their protos tell; a plan keeps them, so that a round goes on as
it was begun although a later release has others.
"""

from dataclasses import fields, replace
from typing import TypeVar

from google.protobuf import json_format

from madseg.client.decode.rounds import from_plan, to_plan
from madseg.client.values.finetune import GateBounds
from madseg.client.values.rounds import RoundPlan
from madseg.client.values.scoring import CampaignPlan
from madseg.core.errors import InvalidInput
from madseg.security.access import checked_name

T = TypeVar("T", CampaignPlan, GateBounds)

PER_RANKING, DOUBLE_SHARE, RECIPE = 25, 0.05, "modern"

CAMPAIGN = CampaignPlan(3, 100, 40, 30, 4, False, 0.1, 0.05, 900)
BOUNDS = GateBounds(0.01, 0.1, 0.1, 2000.0, 1.25)

MAX_PER_RANKING, MAX_ANNOTATORS = 1000, 1000

_LIMITS = {
    "raters": (1, 50),
    "counterexamples": (1, 10_000),
    "test_reserved": (0, 10_000),
    "test_reported": (0, 10_000),
    "test_per_class": (1, 10_000),
    "full_share": (0, 1),
    "repeat_share": (0, 1),
    "lease_seconds": (10, 86_400),
}


def checked(plan: RoundPlan) -> RoundPlan:
    """The plan with every field set but for the campaign's seed, which the round draws.

    A round that evaluates alone asks for the smallest S there is: nobody learns from it.

    Raises:
        InvalidInput: a value that can't be; the message names it.
    """
    small = 1 if plan.evaluate_only else None
    campaign = _filled(replace(plan.campaign, counterexamples=plan.campaign.counterexamples or small), CAMPAIGN)
    training = replace(
        plan.training,
        target="",
        campaign_ids=(),
        promote=False,
        recipe=plan.training.recipe or RECIPE,
        bounds=_filled(plan.training.bounds, BOUNDS),
    )
    made = replace(
        plan,
        per_ranking=PER_RANKING if plan.per_ranking is None else plan.per_ranking,
        double_share=DOUBLE_SHARE if plan.double_share is None else plan.double_share,
        annotators=tuple(dict.fromkeys(map(checked_name, plan.annotators))),
        campaign=campaign,
        training=training,
    )
    _check(made)
    return made


def seeded(plan: RoundPlan, round_id: str) -> RoundPlan:
    """The plan with a seed for its campaign, which follows from the round's id."""
    if plan.campaign.seed is not None:
        return plan
    return replace(plan, campaign=replace(plan.campaign, seed=int(round_id[:15], 16)))


def to_text(plan: RoundPlan) -> str:
    """The plan as JSON."""
    return json_format.MessageToJson(from_plan(plan), indent=None, preserving_proto_field_name=True)


def from_text(text: str) -> RoundPlan:
    """The plan of a JSON text; what a later release wrote into it is passed over."""
    message = from_plan(RoundPlan())
    message.Clear()
    return to_plan(json_format.Parse(text, message, ignore_unknown_fields=True))


def _filled(given: T, defaults: T) -> T:
    absent = [item.name for item in fields(given) if getattr(given, item.name) is None]
    return replace(given, **{name: getattr(defaults, name) for name in absent})


def _check(plan: RoundPlan) -> None:
    _bounded("per_ranking", plan.per_ranking, 1, MAX_PER_RANKING)
    _bounded("double_share", plan.double_share, 0, 1)
    for name, (low, high) in _LIMITS.items():
        _bounded(f"campaign.{name}", getattr(plan.campaign, name), low, high)
    if (plan.campaign.test_reported or 0) > (plan.campaign.test_reserved or 0):
        raise InvalidInput(
            f"campaign.test_reported must be at most test_reserved ({plan.campaign.test_reserved}), got "
            f"{plan.campaign.test_reported}",
            field="plan.campaign.test_reported",
        )
    if len(plan.annotators) > MAX_ANNOTATORS:
        raise InvalidInput(f"annotators must be at most {MAX_ANNOTATORS} names", field="plan.annotators")
    if not plan.training.t0 and not plan.evaluate_only:
        raise InvalidInput(
            "T0 must be a folder (`--t0`): without it a new version could not be judged", field="plan.training.t0"
        )


def _bounded(name: str, value: float | None, low: float, high: float) -> None:
    if value is None or not low <= value <= high:
        raise InvalidInput(f"{name} must be in {low}..{high}, got {value}", field=f"plan.{name}")
