"""How a campaign's images stand, and which of them may be chosen: the values that choosing and adaptive mode share."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from madseg.core.counterexamples import Chosen, Scored, Sizes, Used, choose
from madseg.core.preprocess import unsigned_hash
from madseg.labelling.masking.tables import GONE, TASKS
from madseg.labelling.scoring.kept import Campaign
from madseg.labelling.scoring.tables import CHOSEN, ITEMS

COUNTEREXAMPLE, TEST, JUST_MISSED = "counterexample", "test", "just_missed"
"""Purposes of chosen images."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An image of a campaign as it stands. `perceptual_hash` is 64 bits or None."""

    position: int
    image_id: str
    mean_discrepancy: float
    perceptual_hash: int | None
    main_class: str
    full: bool
    grades: int
    grade_sum: int
    abstentions: int
    vetoes: int
    stopped: bool
    needed: int

    @property
    def mean(self) -> float | None:
        """Mean opinion score, [1, 5]; None without a grade. Equal means are equal to the bit."""
        return self.grade_sum / self.grades if self.grades else None


def standings(tx: Connection, found: Campaign) -> list[Standing]:
    """All images of a campaign."""
    return [
        Standing(
            row.position,
            row.image_id.hex(),
            row.mean_discrepancy,
            unsigned_hash(row.perceptual_hash),
            row.main_class,
            row.full,
            row.grades,
            row.grade_sum,
            row.abstentions,
            row.vetoes,
            row.stopped,
            row.needed,
        )
        for row in tx.execute(select(ITEMS).where(ITEMS.c.campaign_id == found.id).order_by(ITEMS.c.position))
    ]


def sets(tx: Connection, found: Campaign, items: Sequence[Standing]) -> Chosen:
    """T and S as they would be chosen now, and who is in line: never an image of an earlier S or T, nor a near one."""
    return choose(scored(found, items), found.plan.seed, used(tx, found), sizes(found))


def used(tx: Connection, found: Campaign) -> list[Used]:
    """Images that others train on or measure on: S and T of other campaigns, and all tasks for training."""
    return [Used(image, hashed) for image, hashed in (_added(tx) | _earlier(tx, found)).items()]


def sizes(found: Campaign) -> Sizes:
    """The sizes of T and S as a campaign's plan has them."""
    plan = found.plan
    return Sizes(plan.test_reserved, plan.test_reported, plan.test_per_class, plan.counterexamples)


def scored(found: Campaign, items: Sequence[Standing]) -> list[Scored]:
    """Images as the core has them; main classes are numbered."""
    labels = {name: number for number, name in enumerate(sorted({item.main_class for item in items} - {""}))}
    return [
        Scored(
            item.image_id,
            item.mean,
            item.mean_discrepancy,
            item.perceptual_hash,
            labels.get(item.main_class),
            vetoed=item.vetoes > 0,
            complete=item.grades >= found.plan.raters,
        )
        for item in items
    ]


def _earlier(tx: Connection, found: Campaign) -> dict[str, int | None]:
    """Images of S and T of other campaigns that have not left them, with their perceptual hashes."""
    query = (
        select(CHOSEN.c.image_id, ITEMS.c.perceptual_hash)
        .join(ITEMS, (ITEMS.c.campaign_id == CHOSEN.c.campaign_id) & (ITEMS.c.image_id == CHOSEN.c.image_id))
        .where(CHOSEN.c.purpose.in_([COUNTEREXAMPLE, TEST]), CHOSEN.c.campaign_id != found.id)
        .where(CHOSEN.c.left_at.is_(None))
    )
    return {row.image_id.hex(): unsigned_hash(row.perceptual_hash) for row in tx.execute(query)}


def _added(tx: Connection) -> dict[str, int | None]:
    """Images of mask tasks for training, also of those that nobody chose by grades, with perceptual hashes of those
    that were ever in a campaign."""
    query = (
        select(TASKS.c.image_id, ITEMS.c.perceptual_hash)
        .outerjoin(ITEMS, ITEMS.c.image_id == TASKS.c.image_id)
        .where(TASKS.c.purpose == COUNTEREXAMPLE, TASKS.c.state.not_in(GONE))
    )
    return {row.image_id.hex(): unsigned_hash(row.perceptual_hash) for row in tx.execute(query)}
