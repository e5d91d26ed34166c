"""Table 1 from what is counted: figures with intervals, ties, paired differences, stability (`core.comparison`).

Drawing intervals and comparing takes seconds, so what follows from a set is kept under the hash of what it follows
from. Numbers are drawn with a fixed seed: the same results give the same figures to the bit.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select
from sqlalchemy.exc import IntegrityError

from madseg.client.values.common import Version
from madseg.client.values.finetune import Figure
from madseg.client.values.rounds import (
    PairedDifference,
    Result,
    Standing,
    Standings,
    TestKind,
    TestSet,
    TieGroup,
)
from madseg.core.comparison import compare_paired, stability, tie_groups
from madseg.core.errors import NotFound
from madseg.core.evaluation import Estimate, mean_estimate
from madseg.ports import Database
from madseg.rounds import rounds
from madseg.rounds.evaluating import LANE
from madseg.rounds.rounds import Round
from madseg.rounds.tables import FIGURES, IMAGES, RESULTS, SETS, VERSIONS

SEED = 0
"""Of every interval and comparison."""

NOTABLE = 0.1
"""Change of an image's mIoU that counts it as better or worse."""

FORMAT = 1
"""Grows where figures are computed in another way."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Table:
    """One set: mIoU by version, NaN where an image lacks a map; images ascending."""

    number: int
    images: tuple[str, ...]
    values: Mapping[Version, Floats]

    def common(self) -> dict[Version, Floats]:
        """The versions that have a map of every image."""
        return {version: row for version, row in self.values.items() if not np.isnan(row).any()}


def standings(database: Database, model: str) -> Standings:
    """Every version of a target, and its competitors, on every test set so far."""
    with database.snapshot() as tx:
        tables = [table for table in _tables(tx, model) if table.images]
        numbered = {item.number: item for item in rounds.of_model(tx, model)}
        trained, reports = _versions(tx, model)
        vetoed = {row.round: row.vetoed for row in tx.execute(select(SETS).where(SETS.c.model == model))}
    ordered = [*(t for t in tables if t.number != LANE), *(t for t in tables if t.number == LANE)]
    figures = [_figures(database, table, model) for table in ordered]
    sets = [_set(table, numbered, vetoed.get(table.number, 0)) for table in ordered]
    made = [
        Standing(at, version, Figure(**figures[at]["figures"][str(version)]), _clean(table, trained, version))
        for at, table in enumerate(ordered)
        for version in ordered_versions(table.values, model)
    ]
    ties = [TieGroup(at, tuple(map(Version.of, group))) for at, found in enumerate(figures) for group in found["ties"]]
    differences = [difference(at, item) for at, found in enumerate(figures) for item in found["differences"]]
    if reports:
        sets.append(TestSet(TestKind.T0_REPORT, 0, max(item.images for item in reports.values()), None, 0))
        made += [Standing(len(sets) - 1, Version(model, number), item, True) for number, item in reports.items()]
    newest = [found["stability"] for table, found in zip(ordered, figures, strict=True) if table.number != LANE]
    return Standings(tuple(sets), tuple(made), tuple(ties), tuple(differences), tuple(newest[-1] if newest else ()))


def test_set(database: Database, model: str, number: int) -> tuple[Table, TestSet]:
    """One set, with what it is; `number` 0 is the random lane.

    Raises:
        NotFound: no such round, or no image of the set has an accepted mask.
    """
    with database.snapshot() as tx:
        numbered = {item.number: item for item in rounds.of_model(tx, model)}
        if number != LANE and number not in numbered:
            raise NotFound(f"{model} has no round {number}")
        found = next((table for table in _tables(tx, model, number) if table.images), None)
        vetoed = tx.execute(select(SETS.c.vetoed).where(SETS.c.model == model, SETS.c.round == number)).scalar() or 0
    if found is None:
        name = "the random lane" if number == LANE else f"T({number})"
        raise NotFound(f"no image of {name} of {model} has an accepted mask yet")
    return found, _set(found, numbered, vetoed)


def results(
    database: Database, model: str, number: int, size: int, after: tuple[str, Version] | None = None
) -> tuple[list[Result], bool]:
    """Up to `size` results of one set by image id, then version, and whether there are more behind them.

    `number` 0 is the random lane. `after` is the image and the version that the page before ended with.

    Raises:
        NotFound: no such round.
    """
    with database.snapshot() as tx:
        if number != LANE and number not in {item.number for item in rounds.of_model(tx, model)}:
            raise NotFound(f"{model} has no round {number}")
        query = _joined(model, number).where(RESULTS.c.model.is_not(None))
        query = query if after is None else query.where(_behind(*after))
        rows = tx.execute(query.order_by(IMAGES.c.image_id, RESULTS.c.model, RESULTS.c.version).limit(size + 1))
        found = [Result(row.image_id, Version(row.model, row.version), row.mean_iou) for row in rows]
    return found[:size], len(found) > size


def _behind(image: str, version: Version) -> ColumnElement[bool]:
    named, later = RESULTS.c.model == version.model, RESULTS.c.version > version.version
    rest = or_(RESULTS.c.model > version.model, and_(named, later))
    # The first condition says nothing new: by it alone the databases begin at the image in the key of IMAGES.
    return and_(IMAGES.c.image_id >= image, or_(IMAGES.c.image_id > image, rest))


def _joined(model: str, number: int | None = None) -> Any:
    here = [IMAGES.c.model == model, *([] if number is None else [IMAGES.c.round == number])]
    columns = (IMAGES.c.round, IMAGES.c.image_id, RESULTS.c.model, RESULTS.c.version, RESULTS.c.mean_iou)
    return select(*columns).outerjoin_from(IMAGES, RESULTS, IMAGES.c.mask == RESULTS.c.mask).where(and_(*here))


def _tables(tx: Connection, model: str, only: int | None = None) -> list[Table]:
    found: dict[int, dict[Version, dict[str, float]]] = {}
    images: dict[int, set[str]] = {}
    for row in tx.execute(_joined(model, only)):
        images.setdefault(row.round, set()).add(row.image_id)
        if row.model is not None:
            of_set = found.setdefault(row.round, {})
            of_set.setdefault(Version(row.model, row.version), {})[row.image_id] = row.mean_iou
    return [_table(number, sorted(images[number]), found.get(number, {})) for number in sorted(images)]


def _table(number: int, images: Sequence[str], known: Mapping[Version, Mapping[str, float]]) -> Table:
    values = {v: np.array([row.get(image, np.nan) for image in images]) for v, row in sorted(known.items())}
    return Table(number, tuple(images), values)


def _figures(database: Database, table: Table, model: str) -> dict[str, Any]:
    """What follows from a set, as JSON has it; computed where it isn't kept yet."""
    digest = _digest(table, model)
    with database.snapshot() as tx:
        known = tx.execute(select(FIGURES.c.figures).where(FIGURES.c.digest == digest)).scalar()
    if known is not None:
        return dict(json.loads(known))
    made = {
        "figures": {str(version): _figure(mean_estimate(_known(row), SEED)) for version, row in table.values.items()},
        "ties": _ties(table),
        "differences": _differences(table, model),
        "stability": _stability(table),
    }
    try:
        with database.write() as tx:
            tx.execute(insert(FIGURES).values(digest=digest, figures=json.dumps(made)))
    except IntegrityError:
        pass  # another request was as fast
    return made


def _digest(table: Table, model: str) -> str:
    text = json.dumps([FORMAT, model, table.images, [[str(v), row.tolist()] for v, row in table.values.items()]])
    return hashlib.sha256(text.encode()).hexdigest()


def _ties(table: Table) -> list[list[str]]:
    common = {str(version): row for version, row in table.common().items()}
    return tie_groups(common, SEED) if common else []


def _stability(table: Table) -> list[float]:
    common = {str(version): row for version, row in table.common().items()}
    return [float(value) for value in stability(common, SEED)] if len(common) > 1 else []


def _differences(table: Table, model: str) -> list[dict[str, Any]]:
    ours = [version for version in ordered_versions(table.values, model) if version.model == model]
    pairs = ((before, after, table.values[before], table.values[after]) for before, after in pairwise(ours))
    return [found for pair in pairs if (found := paired(*pair)) is not None]


def paired(before: Version, after: Version, old: Floats, new: Floats) -> dict[str, Any] | None:
    """A version against another over the images that both have a map of, as JSON has it; None without one."""
    both = ~np.isnan(old) & ~np.isnan(new)
    if not both.any():
        return None
    found, change = compare_paired(old[both], new[both], SEED), (new - old)[both]
    return {
        "before": str(before),
        "after": str(after),
        "gain": _figure(found.gain),
        "p_value": found.p_value,
        "images_to_separate": found.images_to_separate,
        "worse": int((change < -NOTABLE).sum()),
        "better": int((change > NOTABLE).sum()),
    }


def difference(at: int, item: Mapping[str, Any]) -> PairedDifference:
    """What `paired` told, of the set at a place."""
    gain, needed = Figure(**item["gain"]), item["images_to_separate"]
    named = {"before": Version.of(item["before"]), "after": Version.of(item["after"]), "gain": gain}
    more = None if needed is None else max(0, needed - gain.images)
    return PairedDifference(**{**item, "set": at, **named, "more_images": more})


def _set(table: Table, numbered: Mapping[int, Round], vetoed: int) -> TestSet:
    if table.number == LANE:
        return TestSet(TestKind.RANDOM_LANE, 0, len(table.images), None, vetoed)
    found = numbered[table.number]
    against = Version(found.target.model, found.target.version)
    return TestSet(TestKind.ROUND, table.number, len(table.images), against, vetoed)


def _versions(tx: Connection, model: str) -> tuple[dict[Version, frozenset[str]], dict[int, Figure]]:
    rows = tx.execute(select(VERSIONS).where(VERSIONS.c.model == model).order_by(VERSIONS.c.version)).all()
    trained = {Version(model, row.version): frozenset(json.loads(row.trained)) for row in rows}
    return trained, {row.version: Figure(**json.loads(row.report)) for row in rows if row.report}


def _clean(table: Table, trained: Mapping[Version, frozenset[str]], version: Version) -> bool:
    return trained.get(version, frozenset()).isdisjoint(table.images)


def ordered_versions(values: Mapping[Version, Floats], model: str) -> list[Version]:
    """The target's versions ascending, then competitors by name."""
    return sorted(values, key=lambda version: (version.model != model, version))


def _known(row: Floats) -> Floats:
    return row[~np.isnan(row)]


def _figure(found: Estimate) -> dict[str, Any]:
    return asdict(found)
