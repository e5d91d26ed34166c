"""What is known now of the images of a candidate set, beside the places that put them there."""

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from madseg.core.candidates import Candidate
from madseg.core.competition import ContestRef
from madseg.core.messages import VersionRef
from madseg.core.preprocess import unsigned_hash
from madseg.selector.tables import CONTESTS, IMAGES, PAIRS, VERSIONS


@dataclass(frozen=True, slots=True)
class CandidateFacts:
    """An image of a set. One that has expired since has no pairs, no hash (64 bits, unsigned) and no source."""

    discrepancies: Mapping[ContestRef, float] = field(default_factory=dict)
    perceptual_hash: int | None = None
    source: str = ""


GONE = CandidateFacts()


def candidate_facts(
    tx: Connection, image_ids: Sequence[str], contests: Collection[ContestRef]
) -> dict[str, CandidateFacts]:
    """What the tables say of a page of images and of these contests. Costs a few queries for all of them."""
    query = select(IMAGES.c.number, IMAGES.c.image_id, IMAGES.c.perceptual_hash, IMAGES.c.source)
    rows = tx.execute(query.where(IMAGES.c.image_id.in_(map(bytes.fromhex, image_ids)))).all()
    compared = _compared(tx, [row.number for row in rows], contests)
    found = {
        row.image_id.hex(): CandidateFacts(
            compared.get(row.number, {}),
            unsigned_hash(row.perceptual_hash),
            row.source,
        )
        for row in rows
    }
    return {image_id: found.get(image_id, GONE) for image_id in image_ids}


def mean_discrepancy(candidate: Candidate, known: CandidateFacts) -> float:
    """The mean over the contests in which an image was compared, [0, 1].

    Where its pairs are gone, its places still tell of the contests that chose it; 0 without either. The order of
    summing changes no bit.
    """
    placed = {ContestRef(at.key.target, at.key.competitor): at.discrepancy for at in candidate.placements}
    values = (placed | dict(known.discrepancies)).values()
    return math.fsum(values) / len(values) if values else 0.0


def _compared(
    tx: Connection, numbers: Sequence[int], contests: Collection[ContestRef]
) -> dict[int, dict[ContestRef, float]]:
    """Discrepancies by number of the image."""
    ids = _contest_ids(tx, contests)
    found: dict[int, dict[ContestRef, float]] = defaultdict(dict)
    query = select(PAIRS.c.contest_id, PAIRS.c.number, PAIRS.c.discrepancy)
    for row in tx.execute(query.where(PAIRS.c.contest_id.in_(ids), PAIRS.c.number.in_(numbers))):
        found[row.number][ids[row.contest_id]] = row.discrepancy
    return found


def _contest_ids(tx: Connection, contests: Collection[ContestRef]) -> dict[int, ContestRef]:
    """Contests by id; one that was dropped since isn't in it."""
    versions = {row.id: VersionRef(row.model, row.version) for row in tx.execute(select(VERSIONS))}
    rows = tx.execute(select(CONTESTS.c.id, CONTESTS.c.target_id, CONTESTS.c.competitor_id))
    ids = {row.id: ContestRef(versions[row.target_id], versions[row.competitor_id]) for row in rows}
    return {number: ref for number, ref in ids.items() if ref in contests}
