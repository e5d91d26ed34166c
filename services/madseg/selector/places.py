"""Where images would stand in the rankings of a target's contests, those included that are never mined.

The random lane is the honest sample of the stream: what of its failures no contest ranks is what mining can't find.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, select

from madseg.core.messages import checked_image_id
from madseg.core.ranking import Entry, collapse
from madseg.selector.contests import Progress
from madseg.selector.layout import Contest, Ranking
from madseg.selector.tables import IMAGES, PAIRS

Walk = Callable[[Ranking], Iterator[Entry]]
"""A ranking from its top."""

Bar = tuple[float, str] | None
"""The order of the last place that would be mined; None where the ranking has fewer."""


@dataclass(slots=True)
class Places:
    """An image: the discrepancies of the contests in which it was compared, each in [0, 1], how many rankings admit it
    where somebody disagrees, and in how many of these it would be mined."""

    image_id: str
    discrepancies: list[float]
    rankings: int = 0
    top: int = 0


def places(
    tx: Connection,
    contests: Sequence[Progress],
    image_ids: Sequence[str],
    per_ranking: int,
    pixels: int,
    near: int,
    walk: Walk,
) -> tuple[list[Places], list[str]]:
    """The places of images, in the order asked, and the ids that nothing is known of.

    Costs a walk of `per_ranking` places over each ranking that admits an image.
    """
    ids = list(dict.fromkeys(map(checked_image_id, image_ids)))
    query = select(IMAGES.c.number, IMAGES.c.image_id)
    rows = tx.execute(query.where(IMAGES.c.image_id.in_([bytes.fromhex(item) for item in ids]))).all()
    found = {row.number: Places(row.image_id.hex(), []) for row in rows}
    bars: dict[int, Bar] = {}

    def bar(ranking: Ranking) -> Bar:
        if ranking.id not in bars:
            last = next(islice(collapse(walk(ranking), near), per_ranking - 1, None), None)
            bars[ranking.id] = None if last is None else last.entry.order
        return bars[ranking.id]

    for item in contests:
        _look(tx, item.contest, found, pixels, bar)
    known = {item.image_id: item for item in found.values()}
    return [known[item] for item in ids if item in known], [item for item in ids if item not in known]


def _look(
    tx: Connection, contest: Contest, found: dict[int, Places], pixels: int, bar: Callable[[Ranking], Bar]
) -> None:
    here = (PAIRS.c.contest_id == contest.id, PAIRS.c.number.in_(list(found)))
    for row in tx.execute(select(PAIRS).where(*here)):
        item = found[row.number]
        item.discrepancies.append(row.discrepancy)
        if row.discrepancy == 0:  # the competitor says the same: nothing tells that it may be wrong
            continue
        for ranking, area in contest.shown(row.areas):
            if ranking.admits(area / pixels):
                last = bar(ranking)
                item.rankings += 1
                item.top += last is None or (-row.discrepancy, item.image_id) <= last
