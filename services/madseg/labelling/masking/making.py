"""Making tasks: for the S and T of a campaign, and for images of one's own choice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from madseg.core.errors import InvalidInput, NotFound, NotReady
from madseg.core.messages import checked_image_id
from madseg.labelling.bans import banned
from madseg.labelling.masking import tasks
from madseg.labelling.masking.new_tasks import Wanted, make, pictures_of
from madseg.labelling.masking.sharing import Shares, double
from madseg.labelling.masking.tables import GONE, TASKS
from madseg.labelling.neighbours import Neighbours, Picture
from madseg.labelling.scoring import errands, kept
from madseg.labelling.scoring.choosing import ChosenSets, chosen
from madseg.labelling.scoring.errands import Act, Reason
from madseg.labelling.scoring.kept import Campaign
from madseg.labelling.scoring.standing import COUNTEREXAMPLE, TEST
from madseg.labelling.scoring.tables import CHOSEN
from madseg.ports import Database
from madseg.security.access import checked_name

MAX_ADDED, MAX_NAMES = 1000, 1000
"""Images of one AddMaskTasks, and names among whom tasks are split."""

CHUNK = 500
"""Images looked up in one query."""


@dataclass(frozen=True, slots=True)
class Made:
    """Tasks made, and images that had one already."""

    created: int
    present: int


def create(
    database: Database,
    neighbours: Neighbours,
    campaign_id: str,
    annotators: Sequence[str],
    double_share: float,
    who: str,
    now: int,
) -> Made:
    """Makes the tasks of a campaign's S and T; "" is the newest that is closed. A second call adds what is new.

    Raises:
        InvalidInput: a name that can't be, too many, or a share outside [0, 1].
        NotFound: no such campaign, or it has chosen nothing yet.
    """
    names = list(dict.fromkeys(checked_name(name) for name in annotators))
    if len(names) > MAX_NAMES:
        raise InvalidInput(f"annotators must be at most {MAX_NAMES} names, got {len(names)}", field="annotators")
    if not 0 <= double_share <= 1:
        raise InvalidInput(f"double_share must be in [0, 1], got {double_share}", field="double_share")
    with database.snapshot() as tx:
        found = kept.campaign(tx, campaign_id, kept.CLOSED)
        missing = without_task(tx, wanted_of(found, chosen(tx, found)))
    pictures, project = pictures_of(neighbours, [item.image for item in missing]), neighbours.project()
    with database.write() as tx:
        wanted = wanted_of(found, chosen(tx, found))
        fresh = [item for item in without_task(tx, wanted) if item.image in pictures]
        present = len(wanted) - len(without_task(tx, wanted))
        shares = Shares(tx, found, names)
        make(tx, fresh, pictures, project, who, now, [shares.next() for _ in fresh])
        doubled = double(tx, found, double_share, shares, who, now)
        return Made(len(fresh) + doubled, present)


def add(
    database: Database,
    neighbours: Neighbours,
    image_ids: Sequence[str],
    purpose: str,
    campaign_id: str,
    who: str,
    now: int,
) -> Made:
    """Makes tasks for images of one's own choice, which anybody may take.

    Counterexamples stand beside the S of a campaign, "" for the newest that is closed, and are trained on with it; they
    aren't mined any more, and come into no later T.

    Raises:
        InvalidInput: no purpose that may be chosen, too many images, or one that isn't for this purpose.
        NotFound: the gateway has no such image, or it was forgotten; no such campaign, or none that is closed.
        NotReady: the campaign isn't closed.
    """
    if purpose not in (tasks.RANDOM_LANE, COUNTEREXAMPLE, tasks.CONTEST):
        raise InvalidInput("purpose must be RANDOM_LANE, COUNTEREXAMPLE or CONTEST", field="purpose")
    if not 1 <= len(image_ids) <= MAX_ADDED:
        raise InvalidInput(f"image_ids must be 1..{MAX_ADDED}, got {len(image_ids)}", field="image_ids")
    images = [bytes.fromhex(checked_image_id(item)) for item in dict.fromkeys(image_ids)]
    with database.snapshot() as tx:
        beside = _beside(tx, campaign_id).id if purpose == COUNTEREXAMPLE else None
    wanted = [Wanted(image, purpose, beside) for image in images]
    pictures, project = pictures_of(neighbours, images), neighbours.project()
    for image in images:
        _must_suit(image, pictures.get(image), purpose)
    with database.write() as tx:
        _must_not_be_forgotten(tx, images)
        fresh = without_task(tx, wanted)
        if purpose == COUNTEREXAMPLE:
            _must_not_be_tested(tx, [item.image for item in fresh])
            errands.ask(tx, [item.image for item in fresh], Act.EXCLUDE, Reason.TRAINING, now)
        make(tx, fresh, pictures, project, who, now, [""] * len(fresh))
        return Made(len(fresh), len(wanted) - len(fresh))


def wanted_of(found: Campaign, sets: ChosenSets) -> list[Wanted]:
    """The tasks of a campaign: S, then T, whose masks are none of the target's business."""
    return [
        *(Wanted(bytes.fromhex(i.image_id), COUNTEREXAMPLE, found.id, found.target) for i in sets.counterexamples),
        *(Wanted(bytes.fromhex(i.image_id), TEST, found.id) for i in sets.test),
    ]


def without_task(tx: Connection, wanted: Sequence[Wanted]) -> list[Wanted]:
    """Those whose image has no task for this purpose, but for tasks that were sent back or cancelled."""
    there: set[tuple[bytes, str]] = set()
    for at in range(0, len(wanted), CHUNK):
        query = select(TASKS.c.image_id, TASKS.c.purpose).where(TASKS.c.state.not_in(GONE))
        some = TASKS.c.image_id.in_([item.image for item in wanted[at : at + CHUNK]])
        there.update((row.image_id, row.purpose) for row in tx.execute(query.where(some)))
    return [item for item in wanted if (item.image, item.purpose) not in there]


def _beside(tx: Connection, campaign_id: str) -> Campaign:
    """The campaign whose S images of one's own choice stand beside."""
    found = kept.campaign(tx, campaign_id, kept.CLOSED)
    if found.state != kept.CLOSED:
        raise NotReady(f"campaign {found.id} has chosen no S yet: `madseg campaign choose` does")
    return found


def _must_not_be_forgotten(tx: Connection, images: Sequence[bytes]) -> None:
    for image in sorted(banned(tx, images)):
        raise NotFound(f"image {image.hex()} was forgotten for ever")


def _must_suit(image: bytes, picture: Picture | None, purpose: str) -> None:
    if picture is None:
        raise NotFound(f"the gateway has no image {image.hex()}")
    if purpose == tasks.RANDOM_LANE and not picture.random_lane:
        raise InvalidInput(f"image {image.hex()} is not in the random lane", field="image_ids")
    if purpose == COUNTEREXAMPLE and picture.random_lane:
        raise InvalidInput(f"image {image.hex()} is in the random lane, which is never trained on", field="image_ids")


def _must_not_be_tested(tx: Connection, images: Iterable[bytes]) -> None:
    known = list(images)
    for at in range(0, len(known), CHUNK):
        some = known[at : at + CHUNK]
        query = select(CHOSEN.c.image_id).where(CHOSEN.c.purpose == TEST, CHOSEN.c.image_id.in_(some))
        row = tx.execute(query.where(CHOSEN.c.left_at.is_(None)).limit(1)).first()
        if row is not None:
            raise InvalidInput(f"image {row.image_id.hex()} is of a T, which is never trained on", field="image_ids")
