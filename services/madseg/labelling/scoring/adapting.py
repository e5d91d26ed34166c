"""Adaptive mode: who can't be among S any more is not asked about (`madseg.core.adaptive`).

The random share of fully rated images, and T, always get all raters. What is stopped is found anew from all that is
known, so that a veto or an undone grade has images asked about again: when nothing is missing any more, S is the same
as without the mode.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, update

from madseg.core import adaptive
from madseg.labelling.scoring import kept
from madseg.labelling.scoring.kept import Campaign
from madseg.labelling.scoring.standing import Standing, sets, standings
from madseg.labelling.scoring.tables import ITEMS

LOOKS = 50
"""Looks while each image gets one more grade; a look costs a walk over the campaign's images. Vetoes have one at once,
and so has a rater for whom nothing is left."""


def due(found: Campaign, position: int) -> bool:
    """Whether to look again after a judgement of the image at a position."""
    return found.plan.adaptive and position % (1 + found.images // LOOKS) == 0


def adapt(tx: Connection, found: Campaign) -> bool:
    """Stops asking about images, or asks on; True where it changed anything."""
    if not found.plan.adaptive:
        return False
    items = standings(tx, found)
    stop = stopped(tx, found, items)
    changed = [item.position for item in items if item.stopped != (item.position in stop)]
    for position in changed:
        here = (ITEMS.c.campaign_id == found.id, ITEMS.c.position == position)
        tx.execute(update(ITEMS).where(*here).values(stopped=position in stop))
    kept.settle(tx, found, changed)
    return bool(changed)


def stopped(tx: Connection, found: Campaign, items: Sequence[Standing]) -> set[int]:
    """Positions of the images that need no further grade."""
    chosen = sets(tx, found, items)
    running = {item.image_id for item in (*chosen.counterexamples, *chosen.just_missed)}
    there = {item.image_id: item for item in items}
    ids = adaptive.stopped(map(asked, map(there.__getitem__, running)), found.plan.raters, found.plan.counterexamples)
    return {there[image].position for image in ids if not there[image].full}


def asked(item: Standing) -> adaptive.Asked:
    """An image as the core has it."""
    return adaptive.Asked(item.image_id, item.grades, item.grade_sum, item.vetoes > 0)
