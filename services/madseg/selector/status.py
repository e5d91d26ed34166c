"""Where the selector stands, what it has counted, and which images lack something."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, tuple_

from madseg.core.messages import VersionRef, checked_image_id
from madseg.selector.contests import tallies
from madseg.selector.criteria import Criteria
from madseg.selector.layout import load_versions
from madseg.selector.offsets import counter, revision, standing
from madseg.selector.replay_progress import asked
from madseg.selector.stored import joined
from madseg.selector.tables import BANS, IMAGES


@dataclass(frozen=True, slots=True)
class Status:
    """`versions` holds per version the images stored and failed; `dead_letters` counts records put aside."""

    images: int
    random_lane: int
    offsets: dict[int, int]
    dead_letters: int
    revision: int
    versions: dict[VersionRef, tuple[int, int]]


def status(tx: Connection, topic: str) -> Status:
    """The selector's counts from one snapshot."""
    (version_ids, _), counts = load_versions(tx), tallies(tx)
    versions = {
        ref: (
            sum(images for stored, _, images in counts if number in stored),
            sum(images for _, failed, images in counts if number in failed),
        )
        for ref, number in version_ids.items()
    }
    lane = tx.execute(select(func.count()).select_from(IMAGES).where(IMAGES.c.random_lane)).scalar_one()
    total = sum(images for _, _, images in counts)
    letters = counter(tx, "dead_letters")
    return Status(total, int(lane), standing(tx, topic), letters, revision(tx), dict(sorted(versions.items())))


def missing(tx: Connection, criteria: Criteria, after: str, size: int, *, failed_too: bool) -> list[str]:
    """Up to `size` ids behind `after` of images that lack a prediction or failure of a version that can be asked;
    with `failed_too`, also of those with a failure. Costs a pass over the image table."""
    wanted = set(asked(tx, criteria).values())
    lacking = [
        (joined(stored), joined(failed))
        for stored, failed, _ in tallies(tx)
        if wanted - stored - failed or (failed_too and wanted & failed)
    ]
    if not lacking:
        return []
    query = select(IMAGES.c.image_id).where(tuple_(IMAGES.c.stored, IMAGES.c.failed).in_(lacking))
    query = query.where(IMAGES.c.image_id > bytes.fromhex(after)).order_by(IMAGES.c.image_id).limit(size)
    return [row.image_id.hex() for row in tx.execute(query)]


def unknown(tx: Connection, image_ids: Sequence[str]) -> list[str]:
    """Those of the ids that nothing is known of and that aren't banned, in the order asked."""
    keys = [bytes.fromhex(checked_image_id(image_id)) for image_id in image_ids]
    known = {row.image_id for row in tx.execute(select(IMAGES.c.image_id).where(IMAGES.c.image_id.in_(keys)))}
    known |= {row.image_id for row in tx.execute(select(BANS.c.image_id).where(BANS.c.image_id.in_(keys)))}
    return [key.hex() for key in keys if key not in known]
