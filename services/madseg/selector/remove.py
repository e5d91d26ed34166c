"""Takes images out of the truth and out of every cache that was made from it.

What people said of them stays: exclusions, candidate sets.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select

from madseg.selector.criteria import Criteria
from madseg.selector.enter import CHORE_SHARD, UNIT, Entering
from madseg.selector.layout import Contest, load_layout
from madseg.selector.stored import tally
from madseg.selector.tables import FAILURES, IMAGES, LEADERS, MAPS, PAIRS


def remove_images(tx: Connection, criteria: Criteria, images: Sequence[Row[Any]]) -> dict[str, int]:
    """Removes whole rows of `images` and what hangs on them; how many rows of what are gone.

    Costs a few statements for all of them, and one small deletion per place in a ranking.
    """
    if not images:
        return {}
    numbers = [image.number for image in images]
    places, pairs = _leave_rankings(tx, criteria, {image.number: image for image in images})
    tally(tx, CHORE_SHARD, [((image.stored, image.failed), None) for image in images])
    maps = tx.execute(delete(MAPS).where(MAPS.c.number.in_(numbers))).rowcount
    failures = tx.execute(delete(FAILURES).where(FAILURES.c.number.in_(numbers))).rowcount
    records = tx.execute(delete(IMAGES).where(IMAGES.c.number.in_(numbers))).rowcount
    return {
        "label map records of the selector": maps,
        "recorded failures of the selector": failures,
        "places in rankings": places,
        "comparisons": pairs,
        "image record of the selector": records,
    }


def _leave_rankings(tx: Connection, criteria: Criteria, images: dict[int, Row[Any]]) -> tuple[int, int]:
    """Takes images (by number) out of pairs, leaders and tallies; how many leaders and pairs are gone."""
    entering, leaders, pairs = Entering(tx, CHORE_SHARD, criteria.grid.pixels), [], 0
    for contest in load_layout(tx, criteria).contests.values():
        where = (PAIRS.c.contest_id == contest.id) & PAIRS.c.number.in_(images)
        for pair in tx.execute(select(PAIRS).where(where)).all():
            if not images[pair.number].random_lane:
                leaders += _uncount(entering, contest, pair, images[pair.number].image_id, criteria.grid.pixels)
        pairs += tx.execute(delete(PAIRS).where(where)).rowcount
    entering.write()
    if not leaders:
        return 0, pairs
    place = (
        (LEADERS.c.ranking_id == bindparam("at_ranking"))
        & (LEADERS.c.discrepancy == bindparam("at_discrepancy"))
        & (LEADERS.c.image_id == bindparam("at_image"))
    )
    return tx.execute(delete(LEADERS).where(place), leaders).rowcount, pairs


def _uncount(
    entering: Entering, contest: Contest, pair: Row[Any], image: bytes, pixels: int
) -> list[dict[str, object]]:
    """Takes a pair out of the tallies of its rankings; the places that it may have among their leaders."""
    places: list[dict[str, object]] = []
    for ranking, area in contest.shown(pair.areas):
        eligible = ranking.admits(area / pixels)
        entering.count(ranking, -1, -eligible, -round(pair.discrepancy * UNIT))
        if eligible:
            places.append({"at_ranking": ranking.id, "at_discrepancy": pair.discrepancy, "at_image": image})
    return places
