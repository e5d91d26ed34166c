"""Any versions against each other: every pair in both roles, from the stored maps (Yan et al. 2021, section 3).

The contests of a target are kept up to date all the time; these are made when they are asked for, over the images that
every contestant has a map of, so that all pairs are judged on the same stream.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from madseg.core.candidates import Candidate, cut
from madseg.core.discrepancy import compare, known_table
from madseg.core.errors import InvalidInput, NotFound
from madseg.core.label_maps import decode_all
from madseg.core.messages import Defender, VersionRef
from madseg.core.preprocess import unsigned_hash
from madseg.core.ranking import Entry, RankingKey
from madseg.selector.criteria import Criteria
from madseg.selector.layout import Layout, bounds, covered, ranked_labels
from madseg.selector.stored import split, stored_maps
from madseg.selector.tables import IMAGES
from madseg.selector.walk import ImageFilter, conditions, has_tags

CHUNK = 500
"""Images whose maps are decoded together."""

MOST_IMAGES = 200_000
"""Images of a competition: what is known of ten contestants of 21 classes then takes 240 MB, and putting them
in order 10 MB."""

FIRST_ENTRIES = 256
"""Entries of a ranking that are put in order at first, four times as many whenever those are used up."""


@dataclass(frozen=True, eq=False)
class Compared:
    """N images, ids ascending, and J contestants.

    `discrepancies` is (N,) float64 by pair, `areas` (J, N, classes) int32 pixels, `labels` the ranked classes that both
    of a pair know.
    """

    image_ids: Sequence[str]
    hashes: Sequence[int | None]
    discrepancies: Mapping[tuple[int, int], NDArray[np.float64]]
    areas: NDArray[np.int32]
    labels: Mapping[tuple[int, int], Sequence[int]]


def compared(
    tx: Connection, criteria: Criteria, layout: Layout, contestants: Sequence[VersionRef], images: ImageFilter
) -> Compared:
    """Every pair of contestants over the images that all of them have a map of.

    Costs a decoding of all maps and a comparison a pair: about 0.1 ms an image and 5 microseconds a pair of it.

    Raises:
        NotFound: a contestant is unknown, or of another taxonomy.
        InvalidInput: more than 200,000 images.
    """
    for ref in contestants:
        published = layout.competition.versions.get(ref)
        if published is None or published.taxonomy_id != criteria.taxonomy.id:
            raise NotFound(f"{ref} is no version of taxonomy {criteria.taxonomy.name!r}: `madseg model list` has those")
    return _compared(tx, criteria, layout, contestants, images)


def competed(
    found: Compared, criteria: Criteria, contestants: Sequence[VersionRef], per_ranking: int, near: int
) -> list[Candidate]:
    """The union of the first `per_ranking` images of every pair, role and class. Images on which two agree to the
    pixel are in no ranking of theirs."""
    rankings = {
        RankingKey(contestants[first], contestants[second], defender, label): _entries(
            found, (first, second), second if defender is Defender.COMPETITOR else first, label, criteria
        )
        for first, second in found.discrepancies
        for defender in Defender
        for label in found.labels[first, second]
    }
    return cut(rankings, per_ranking, near)


def _entries(found: Compared, pair: tuple[int, int], defender: int, label: int, criteria: Criteria) -> Iterator[Entry]:
    """A ranking, best first. It holds the places of what is read next and nothing else: there are thousands of them."""
    size, after = FIRST_ENTRIES, None
    while True:
        places = _places(found, pair, defender, label, criteria, after, size)
        for place in places:
            at = int(place)
            share = float(found.areas[defender, at, label] / criteria.grid.pixels)
            yield Entry(found.image_ids[at], float(found.discrepancies[pair][at]), share, found.hashes[at])
        if len(places) < size:
            return
        size, after = 4 * size, int(places[-1])


def _places(
    found: Compared, pair: tuple[int, int], defender: int, label: int, criteria: Criteria, after: int | None, size: int
) -> NDArray[np.int32]:
    """Where the next `size` entries of a ranking are, behind the one at `after`. Costs a pass over all images."""
    discrepancy, shares = found.discrepancies[pair], found.areas[defender, :, label] / criteria.grid.pixels
    low, high = bounds(criteria, label)
    there = (shares > 0) & (shares >= low) & (shares <= high) & (discrepancy > 0)
    if after is not None:
        last = discrepancy[after]
        there[: after + 1] &= discrepancy[: after + 1] < last
        there[after + 1 :] &= discrepancy[after + 1 :] <= last
    places = np.flatnonzero(there).astype(np.int32)
    if len(places) > size:  # what is too small for the first `size` isn't sorted
        least = np.partition(discrepancy[places], -size)[-size]
        places = places[discrepancy[places] >= least]
    return places[np.argsort(-discrepancy[places], kind="stable")[:size]]


def _compared(
    tx: Connection, criteria: Criteria, layout: Layout, contestants: Sequence[VersionRef], images: ImageFilter
) -> Compared:
    ids = [layout.version_ids[ref] for ref in contestants]
    rows = _images(tx, set(ids), images)
    published = [layout.competition.versions[ref] for ref in contestants]
    covers = [covered(version, criteria.taxonomy) for version in published]
    pairs = list(combinations(range(len(ids)), 2))
    tables = {(a, b): known_table(covers[a], covers[b], criteria.metric.classes) for a, b in pairs}
    discrepancies = {pair: np.empty(len(rows)) for pair in pairs}
    areas = np.empty((len(ids), len(rows), criteria.metric.classes), np.int32)
    for start in range(0, len(rows), CHUNK):
        some = [row[0] for row in rows[start : start + CHUNK]]
        stored = stored_maps(tx, some)
        maps = decode_all([stored[number][version][0] for version in ids for number in some])
        part, count = slice(start, start + len(some)), len(some)
        areas[:, part] = maps.areas[:, : criteria.metric.classes].reshape(len(ids), count, -1)
        for a, b in pairs:
            sides = (range(a * count, (a + 1) * count), range(b * count, (b + 1) * count))
            discrepancies[a, b][part] = compare(maps, *sides, criteria.metric, tables[a, b]).discrepancy
    ranked = {(a, b): ranked_labels(published[a], published[b], criteria.taxonomy) for a, b in pairs}
    return Compared([row[1] for row in rows], [row[2] for row in rows], discrepancies, areas, ranked)


def _images(tx: Connection, versions: set[int], images: ImageFilter) -> list[tuple[int, str, int | None]]:
    """Number, id and hash of the images that all the versions have a map of, ids ascending."""
    columns = (IMAGES.c.number, IMAGES.c.image_id, IMAGES.c.perceptual_hash, IMAGES.c.stored, IMAGES.c.tags)
    found = []
    for row in tx.execute(select(*columns).where(conditions(images)).order_by(IMAGES.c.image_id)):
        if versions <= split(row.stored) and has_tags(row, images):
            found.append((row.number, row.image_id.hex(), unsigned_hash(row.perceptual_hash)))
        if len(found) > MOST_IMAGES:
            raise InvalidInput(
                f"a competition is over at most {MOST_IMAGES:,} images: filter by time, source or tag", field="filter"
            )
    return found
