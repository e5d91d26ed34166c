"""Choosing T and S (Wang et al. 2022, Algorithm 1, line 15), once, in one transaction that closes the campaign.

T is reserved first, blind to the scores, so that it says something of the version that S makes; then S is cut from the
rest. The selector is told that both aren't to be mined again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced

from sqlalchemy import Connection, func, insert, select, update

from madseg.core.counterexamples import Scored, reported
from madseg.core.errors import NotFound, NotReady
from madseg.core.preprocess import unsigned_hash
from madseg.core.ranking import Nearness
from madseg.labelling.scoring import errands, kept
from madseg.labelling.scoring.adapting import adapt
from madseg.labelling.scoring.errands import REASON_OF, Act, Reason
from madseg.labelling.scoring.kept import Campaign
from madseg.labelling.scoring.standing import (
    COUNTEREXAMPLE,
    JUST_MISSED,
    TEST,
    Standing,
    sets,
    sizes,
    standings,
    used,
)
from madseg.labelling.scoring.tables import CAMPAIGNS, CHOSEN, ITEMS, JUDGEMENTS
from madseg.ports import Database

MISSED_SHOWN = 50
"""Images that just missed S in an answer; all of them are kept."""


@dataclass(frozen=True, slots=True)
class ChosenImage:
    """An image of S or T; `rank` 1 is the first. The fields are those of the proto."""

    rank: int
    image_id: str
    mean: float | None
    mean_discrepancy: float
    main_class: str
    reported: bool = False


@dataclass(frozen=True, slots=True)
class ChosenSets:
    """What a campaign chose; `chosen_at` in microseconds since the epoch. Images that were sent back aren't in it."""

    campaign_id: str
    chosen_at: int
    counterexamples: tuple[ChosenImage, ...]
    test: tuple[ChosenImage, ...]
    just_missed: tuple[ChosenImage, ...]


def choose(database: Database, campaign_id: str, now: int, *, allow_incomplete: bool) -> ChosenSets:
    """Reserves T, cuts S and closes the campaign; for one that is closed, what was chosen.

    Raises:
        NotFound: no such campaign.
        NotReady: images still lack judgements, unless that is allowed: they are left out of S; or it was cancelled.
    """
    with database.write() as tx:
        found = kept.campaign(tx, campaign_id)
        if found.state == kept.CLOSED:
            return chosen(tx, found)
        kept.must_go_on(found)
        adapt(tx, found)
        items = standings(tx, found)
        missing = sum(item.needed > 0 for item in items)
        if missing and not allow_incomplete:
            raise NotReady(
                f"{missing} of {len(items)} images still lack judgements: have them scored, or leave them out "
                "(`madseg campaign choose --allow-incomplete`)"
            )
        _store(tx, found, items)
        closed = update(CAMPAIGNS).where(CAMPAIGNS.c.id == found.id)
        tx.execute(closed.values(state=kept.CLOSED, chosen_at=now, revision=CAMPAIGNS.c.revision + 1))
        made = chosen(tx, kept.campaign(tx, found.id))
        errands.ask(tx, _keys(made.counterexamples), Act.EXCLUDE, Reason.TRAINING, now)
        errands.ask(tx, _keys(made.test), Act.EXCLUDE, Reason.TEST, now)
        return made


def chosen(tx: Connection, found: Campaign) -> ChosenSets:
    """What a campaign chose.

    Raises:
        NotFound: it isn't closed.
    """
    if found.chosen_at is None:
        raise NotFound(f"campaign {found.id} has chosen nothing yet: `madseg campaign choose` does")
    parts: dict[str, list[ChosenImage]] = {COUNTEREXAMPLE: [], TEST: [], JUST_MISSED: []}
    query = select(CHOSEN).where(CHOSEN.c.campaign_id == found.id, CHOSEN.c.left_at.is_(None))
    for row in tx.execute(query.order_by(CHOSEN.c.purpose, CHOSEN.c.rank)):
        image = ChosenImage(row.rank, row.image_id.hex(), row.mean, row.mean_discrepancy, row.main_class)
        parts[row.purpose].append(image)
    missed = parts[JUST_MISSED][:MISSED_SHOWN]
    test = tuple(_reported(tx, found, parts[TEST]))
    return ChosenSets(found.id, found.chosen_at, tuple(parts[COUNTEREXAMPLE]), test, tuple(missed))


def _reported(tx: Connection, found: Campaign, test: Sequence[ChosenImage]) -> list[ChosenImage]:
    """T with the images marked that are reported now: vetoes may have come, or gone, since it was drawn."""
    drawn = [Scored(item.image_id, item.mean, item.mean_discrepancy) for item in test]
    ids = {item.image_id for item in reported(drawn, _vetoed(tx, found), sizes(found))}
    return [replaced(item, reported=item.image_id in ids) for item in test]


def _vetoed(tx: Connection, found: Campaign) -> set[str]:
    """Images of a campaign's T of which a veto is in force, whichever campaign it was given in."""
    of_test = select(CHOSEN.c.image_id).where(CHOSEN.c.campaign_id == found.id, CHOSEN.c.purpose == TEST)
    query = select(JUDGEMENTS.c.image_id).where(JUDGEMENTS.c.image_id.in_(of_test), kept.VETO_IN_FORCE)
    return {image.hex() for image in tx.execute(query).scalars()}


def replace(tx: Connection, found: Campaign, image: bytes, now: int) -> str | None:
    """Takes an image out of S or T; for one of S the next in line, which now has a place at the end of S.

    None where nobody who may come into S is in line, or for an image of T. The selector is told of both.

    Raises:
        NotFound: the image has no place in S or T.
    """
    here = (CHOSEN.c.campaign_id == found.id, CHOSEN.c.left_at.is_(None))
    placed = (*here, CHOSEN.c.image_id == image, CHOSEN.c.purpose.in_([COUNTEREXAMPLE, TEST]))
    row = tx.execute(select(CHOSEN).where(*placed)).one_or_none()
    if row is None:
        raise NotFound(f"image {image.hex()} is neither in S nor in T of campaign {found.id}")
    tx.execute(update(CHOSEN).where(*placed).values(left_at=now))
    errands.ask(tx, [image], Act.RESTORE, REASON_OF[row.purpose], now)
    if row.purpose == TEST:
        return None
    following = next(in_line(tx, found), None)
    if following is None:
        return None
    _promote(tx, found, following, now)
    errands.ask(tx, [following], Act.EXCLUDE, Reason.TRAINING, now)
    return following.hex()


def in_line(tx: Connection, found: Campaign) -> Iterator[bytes]:
    """The images behind S that may come into it, in order: none that others use by now, nor what is near to one.

    Whoever is passed over keeps its place, as others may let go of what they use.
    """
    ids, near = set(), Nearness()
    for item in used(tx, found):
        ids.add(item.image_id)
        near.take(item.image_id, item.perceptual_hash)
    query = select(CHOSEN.c.image_id, ITEMS.c.perceptual_hash).join(
        ITEMS, (ITEMS.c.campaign_id == CHOSEN.c.campaign_id) & (ITEMS.c.image_id == CHOSEN.c.image_id)
    )
    here = (CHOSEN.c.campaign_id == found.id, CHOSEN.c.left_at.is_(None), CHOSEN.c.purpose == JUST_MISSED)
    for row in tx.execute(query.where(*here).order_by(CHOSEN.c.rank)).all():
        if row.image_id.hex() not in ids and near.find(unsigned_hash(row.perceptual_hash)) is None:
            yield row.image_id


def _promote(tx: Connection, found: Campaign, image: bytes, now: int) -> None:
    """Gives an image in line the place behind the last one of S."""
    here = (CHOSEN.c.campaign_id == found.id, CHOSEN.c.purpose == JUST_MISSED, CHOSEN.c.image_id == image)
    row = tx.execute(select(CHOSEN).where(*here)).one()
    tx.execute(update(CHOSEN).where(*here).values(left_at=now))
    last = select(func.coalesce(func.max(CHOSEN.c.rank), 0))
    after = tx.execute(last.where(CHOSEN.c.campaign_id == found.id, CHOSEN.c.purpose == COUNTEREXAMPLE)).scalar_one()
    tx.execute(insert(CHOSEN), {**row._mapping, "purpose": COUNTEREXAMPLE, "rank": after + 1, "left_at": None})


def _store(tx: Connection, found: Campaign, items: Sequence[Standing]) -> None:
    """What lacks grades is in T at most, or at the end of the line."""
    made, there = sets(tx, found, items), {item.image_id: item for item in items}
    parts = ((COUNTEREXAMPLE, made.counterexamples), (TEST, made.test), (JUST_MISSED, made.just_missed))
    rows = [row for purpose, part in parts for row in _rows(found, purpose, [there[item.image_id] for item in part])]
    if rows:
        tx.execute(insert(CHOSEN), rows)


def _rows(found: Campaign, purpose: str, items: Sequence[Standing]) -> list[dict[str, object]]:
    return [
        {
            "campaign_id": found.id,
            "purpose": purpose,
            "rank": rank,
            "image_id": bytes.fromhex(item.image_id),
            "mean": item.mean,
            "mean_discrepancy": item.mean_discrepancy,
            "main_class": item.main_class,
        }
        for rank, item in enumerate(items, 1)
    ]


def _keys(images: Iterable[ChosenImage]) -> list[bytes]:
    return [bytes.fromhex(item.image_id) for item in images]
