"""Opening campaigns, and how far they have come.

A campaign holds what its candidate set was when it was opened: the images, and of each the hash of the target's label
map. Grades belong to an image and that hash, so those of earlier campaigns come over while the map is the same; vetoes
belong to the image.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, case, func, insert, not_, select

from madseg.core.errors import NotReady
from madseg.core.preprocess import signed_hash
from madseg.labelling.bans import banned
from madseg.labelling.neighbours import CandidateSet, Neighbours
from madseg.labelling.scoring import draws, kept
from madseg.labelling.scoring.kept import Campaign
from madseg.labelling.scoring.pictures import Shown, shown
from madseg.labelling.scoring.plan import Plan
from madseg.labelling.scoring.tables import ASSIGNMENTS, CAMPAIGNS, ITEMS, JUDGEMENTS
from madseg.ports import Database
from madseg.requests import check_repeated, number_in, token

log = structlog.get_logger("madseg.labelling")

T = TypeVar("T")

BATCH = 500
"""Images asked about in one query."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A campaign and how far it has come; the counts are those of the proto."""

    kept: Campaign
    finished: int = 0
    vetoed: int = 0
    grades: int = 0
    grades_wanted: int = 0
    active: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was said of images before: grades by rater, and how many vetoes are in force."""

    grades: Mapping[tuple[bytes, bytes], Mapping[str, Any]] = field(default_factory=dict)
    vetoes: Mapping[bytes, int] = field(default_factory=dict)


def create(
    database: Database,
    neighbours: Neighbours,
    set_id: str,
    plan: Plan,
    *,
    who: str,
    note: str,
    key: str,
    now: int,
    asked: bytes | None = None,
) -> Progress:
    """Opens a campaign over a candidate set; with a key that was used before it answers with that campaign.

    `asked` is what the key stands for (`madseg.requests.asked_for`). Costs a question to the selector for each image.

    Raises:
        AlreadyExists: the key stands for something else.
        NotFound: no such candidate set.
        NotReady: the target has no label map of any of its images, or all of them were forgotten.
        Unavailable: the selector doesn't answer.
    """
    with database.snapshot() as tx:
        known = _known(tx, key, asked, now)
    if known is not None:
        return known
    chosen = neighbours.candidate_set(set_id)
    maps = shown(neighbours, chosen)
    if not maps:
        raise NotReady(f"{chosen.target} has no label map of any of the {len(chosen.candidates)} images of {chosen.id}")
    if len(maps) < len(chosen.candidates):
        log.warning("images_left_out", target=str(chosen.target), without_map=len(chosen.candidates) - len(maps))
    with database.write() as tx:
        known = _known(tx, key, asked, now)
        if known is not None:
            return known
        gone = banned(tx, [bytes.fromhex(image) for image in maps])
        there = {image: item for image, item in maps.items() if bytes.fromhex(image) not in gone}
        if not there:
            raise NotReady(f"every image of {chosen.id} was forgotten: cut a new candidate set")
        return progress(tx, _store(tx, chosen, there, plan, (who, note), (key, asked), now), now)


def page(tx: Connection, size: int, page_token: str, now: int) -> tuple[list[Progress], str]:
    """Up to `size` campaigns, newest first, and the token of the next page, "" at the end.

    Raises:
        InvalidInput: the token isn't one of this list.
    """
    query, last = select(CAMPAIGNS).order_by(CAMPAIGNS.c.number.desc()), number_in(page_token, "campaign_number")
    behind = query if last is None else query.where(CAMPAIGNS.c.number < last)
    rows = tx.execute(behind.limit(size + 1)).all()
    following = token(campaign_number=rows[size - 1].number) if len(rows) > size else ""
    return [progress(tx, kept.from_row(row), now) for row in rows[:size]], following


def progress(tx: Connection, found: Campaign, now: int) -> Progress:
    """How far a campaign has come. Costs a walk over its images within the database."""
    wanted = case(
        (ITEMS.c.vetoes > 0, ITEMS.c.grades),
        (ITEMS.c.grades > found.plan.raters, ITEMS.c.grades),
        else_=found.plan.raters,
    )
    query = select(
        func.count(case((ITEMS.c.needed == 0, 1))).label("finished"),
        func.count(case((ITEMS.c.vetoes > 0, 1))).label("vetoed"),
        func.coalesce(func.sum(ITEMS.c.grades), 0).label("grades"),
        func.coalesce(func.sum(wanted), 0).label("wanted"),
    ).where(ITEMS.c.campaign_id == found.id)
    row = tx.execute(query).one()
    holding = select(ASSIGNMENTS.c.rater).where(
        ASSIGNMENTS.c.campaign_id == found.id, ASSIGNMENTS.c.state == kept.LEASED, ASSIGNMENTS.c.leased_until > now
    )
    active = tx.execute(holding.distinct().order_by(ASSIGNMENTS.c.rater)).scalars()
    return Progress(found, row.finished, row.vetoed, int(row.grades), int(row.wanted), tuple(active))


def _known(tx: Connection, key: str, asked: bytes | None, now: int) -> Progress | None:
    if not key:
        return None
    row = tx.execute(select(CAMPAIGNS).where(CAMPAIGNS.c.idempotency_key == key)).one_or_none()
    if row is None:
        return None
    check_repeated(key, f"campaign {row.id}", row.asked_sha256, asked)
    return progress(tx, kept.from_row(row), now)


def _store(
    tx: Connection,
    chosen: CandidateSet,
    maps: Mapping[str, Shown],
    plan: Plan,
    said: tuple[str, str],
    keyed: tuple[str, bytes | None],
    now: int,
) -> Campaign:
    campaign_id, (who, note), (key, asked) = uuid.uuid4().hex, said, keyed
    earlier = _earlier(tx, [bytes.fromhex(image) for image in maps])
    items = _items(campaign_id, chosen, maps, plan, earlier)
    copies = _copies(campaign_id, items, earlier)
    row = {
        "id": campaign_id,
        "number": tx.execute(select(func.coalesce(func.max(CAMPAIGNS.c.number), 0) + 1)).scalar_one(),
        "created_at": now,
        "created_by": who,
        "candidate_set_id": chosen.id,
        "target_model": chosen.target.model,
        "target_version": chosen.target.version,
        "competitors": json.dumps([[item.model, item.version] for item in chosen.competitors]),
        "plan": plan.dumped(),
        "state": kept.OPEN if any(item["needed"] for item in items) else kept.SCORED,
        "images": len(items),
        "carried": len(copies),
        "note": note,
        "idempotency_key": key or None,
        "asked_sha256": asked,
        "revision": 1,
    }
    tx.execute(insert(CAMPAIGNS), row)
    tx.execute(insert(ITEMS), items)
    if copies:
        tx.execute(insert(JUDGEMENTS), copies)
        tx.execute(insert(ASSIGNMENTS), [_as_assignment(copy, now) for copy in copies])
    return kept.campaign(tx, campaign_id)


def _items(
    campaign_id: str, chosen: CandidateSet, maps: Mapping[str, Shown], plan: Plan, earlier: Earlier
) -> list[dict[str, Any]]:
    """The rows of a campaign's images, in the order of their positions."""
    candidates = {item.image_id: item for item in chosen.candidates}
    rows = []
    for position, image in enumerate(draws.shuffled(maps, plan.seed)):
        candidate, key = candidates[image], bytes.fromhex(image)
        given = earlier.grades.get((key, maps[image].sha256), {})
        vetoes = earlier.vetoes.get(key, 0)
        needed = 0 if vetoes else max(0, plan.raters - len(given))
        rows.append(
            {
                "campaign_id": campaign_id,
                "position": position,
                "image_id": key,
                "map_sha256": maps[image].sha256,
                "rank": candidate.rank,
                "mean_discrepancy": candidate.mean_discrepancy,
                "perceptual_hash": signed_hash(candidate.perceptual_hash),
                "main_class": maps[image].main_class,
                "full": draws.chance(plan.seed, "full", image) < plan.full_share,
                "grades": len(given),
                "grade_sum": sum(item.grade for item in given.values()),
                "abstentions": 0,
                "vetoes": vetoes,
                "stopped": False,
                "needed": needed,
                "free": needed,
            }
        )
    return rows


def _earlier(tx: Connection, images: Sequence[bytes]) -> Earlier:
    """What is in force of earlier campaigns. A rater's newest grade of a map counts."""
    grades: dict[tuple[bytes, bytes], dict[str, Any]] = defaultdict(dict)
    vetoes: dict[bytes, int] = defaultdict(int)
    for some in _batches(images, BATCH):
        query = select(JUDGEMENTS).where(JUDGEMENTS.c.image_id.in_(some))
        in_force = query.where(JUDGEMENTS.c.kind == kept.GRADE, JUDGEMENTS.c.state == kept.IN_FORCE)
        given = in_force.where(not_(JUDGEMENTS.c.repeat), JUDGEMENTS.c.origin.is_(None))
        for row in tx.execute(given.order_by(JUDGEMENTS.c.number)):
            grades[row.image_id, row.map_sha256][row.rater] = row
        for row in tx.execute(query.where(kept.VETO_IN_FORCE)):
            vetoes[row.image_id] += 1
    return Earlier(grades, vetoes)


def _copies(campaign_id: str, items: Sequence[Mapping[str, Any]], earlier: Earlier) -> list[dict[str, Any]]:
    """The grades that come over, as judgements of the new campaign."""
    return [
        {
            "assignment_id": uuid.uuid4().hex,
            "campaign_id": campaign_id,
            "position": item["position"],
            "image_id": row.image_id,
            "map_sha256": row.map_sha256,
            "rater": row.rater,
            "repeat": False,
            "kind": kept.GRADE,
            "grade": row.grade,
            "text": "",
            "looked_ms": 0,
            "given_at": row.given_at,
            "state": kept.IN_FORCE,
            "origin": row.number,
        }
        for item in items
        for row in earlier.grades.get((item["image_id"], item["map_sha256"]), {}).values()
    ]


def _as_assignment(copy: Mapping[str, Any], now: int) -> dict[str, Any]:
    """A rater whose grade came over isn't asked again."""
    same = {name: copy[name] for name in ("campaign_id", "position", "rater", "repeat")}
    return {**same, "id": copy["assignment_id"], "state": kept.CARRIED, "taken_at": now, "leased_until": now, "due": 0}


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[at : at + size] for at in range(0, len(items), size))
