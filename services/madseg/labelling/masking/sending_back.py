"""An annotator finds an image out of domain: it is vetoed, and the next in line takes its place in S, with a task.

All of it is one transaction; the selector is told afterwards (`scoring.errands`).
"""

from collections.abc import Collection, Mapping
from itertools import islice

from sqlalchemy import Connection, select

from madseg.core.errors import InvalidInput, NotReady, Unavailable
from madseg.core.opinion import VetoReason
from madseg.labelling.masking import tasks
from madseg.labelling.masking.making import wanted_of, without_task
from madseg.labelling.masking.new_tasks import make, pictures_of
from madseg.labelling.masking.tables import GONE, TASKS
from madseg.labelling.masking.tasks import Shown, Task
from madseg.labelling.neighbours import Neighbours, Picture, Project
from madseg.labelling.scoring import errands, kept, vetoes
from madseg.labelling.scoring.choosing import chosen, in_line, replace
from madseg.labelling.scoring.errands import Act, Reason
from madseg.labelling.scoring.judgements import Said
from madseg.labelling.scoring.kept import Campaign
from madseg.labelling.scoring.standing import COUNTEREXAMPLE, TEST
from madseg.labelling.scoring.tables import CAMPAIGNS, CHOSEN, ITEMS
from madseg.ports import Database

LOOKED_AT = 20
"""Images in line that the gateway is asked about in advance: so many may be forgotten or vetoed meanwhile."""


def send_back(
    database: Database, neighbours: Neighbours, task_id: str, who: str, reason: str, now: int
) -> tuple[Shown, str]:
    """Vetoes the image of a task; the task, and the image that takes its place in S, "" for none.

    Every mask of the image goes with it. A second call answers as the first one did.

    Raises:
        NotFound: no such task.
        Forbidden: it is somebody else's.
        NotReady: it isn't being drawn.
        InvalidInput: no reason.
        Unavailable: the gateway or the selector doesn't answer, or the images in line were taken meanwhile.
    """
    if not reason.strip():
        raise InvalidInput("sending an image back needs a reason", field="reason")
    with database.snapshot() as tx:
        found = tasks.task(tx, task_id)
        line = _line(tx, found)
    pictures, project = pictures_of(neighbours, line), neighbours.project()
    with database.write() as tx:
        found = tasks.task(tx, task_id)
        tasks.must_draw(found, who)
        if found.state == tasks.SENT_BACK:
            return tasks.shown(tx, found.id), found.replacement
        if found.state != tasks.DRAWING:
            raise NotReady(f"mask task {found.id} is {found.state.replace('_', ' ')}: it can't be sent back now")
        campaign = _campaign(tx, found)
        following = _veto(tx, found, campaign, who, reason, now, set(line) - set(pictures))
        _end(tx, found, who, reason, following, now)
        if campaign is not None and following is not None:
            _succeed(tx, found, campaign, following, pictures, project, who, now)
        return tasks.shown(tx, found.id), following.hex() if following else ""


def _line(tx: Connection, found: Task) -> list[bytes]:
    """Images that are next in line for the place of a task's image."""
    campaign = _campaign(tx, found)
    return [] if campaign is None else list(islice(in_line(tx, campaign), LOOKED_AT))


def _veto(
    tx: Connection, found: Task, campaign: Campaign | None, who: str, reason: str, now: int, gone: Collection[bytes]
) -> bytes | None:
    """The image's veto, and the image that takes its place: none that is `gone` or vetoed itself."""
    image = bytes.fromhex(found.image_id)
    if campaign is None:
        errands.ask(tx, [image], Act.EXCLUDE, Reason.VETO, now)
        if found.purpose == COUNTEREXAMPLE:
            errands.ask(tx, [image], Act.RESTORE, Reason.TRAINING, now)
        return None
    vetoes.veto(tx, campaign, image, Said(reason=VetoReason.OTHER, text=reason), who, now)
    following: bytes | None = image if _placed(tx, campaign, image) else None
    if following is None and found.purpose == COUNTEREXAMPLE:
        errands.ask(tx, [image], Act.RESTORE, Reason.TRAINING, now)
    while following is not None and (following == image or following in gone or kept.is_vetoed(tx, following)):
        said = replace(tx, campaign, following, now)
        following = bytes.fromhex(said) if said else None
    return following


def _end(tx: Connection, found: Task, who: str, reason: str, following: bytes | None, now: int) -> None:
    """Sends every task of the image back."""
    query = select(TASKS).where(TASKS.c.image_id == bytes.fromhex(found.image_id), TASKS.c.state.not_in(GONE))
    for row in tx.execute(query).all():
        item = tasks.from_row(row)
        tasks.change(tx, item, now, state=tasks.SENT_BACK, replacement=following)
        tasks.record(tx, item, who, "sent_back", now)
        tasks.note(tx, item, who, reason, now)


def _succeed(
    tx: Connection,
    found: Task,
    campaign: Campaign,
    following: bytes,
    pictures: Mapping[bytes, Picture],
    project: Project,
    who: str,
    now: int,
) -> None:
    """The task of the image that took the place, for whoever drew for training what had it."""
    if following not in pictures:
        raise Unavailable("others have just sent back as many images as were in line: try again")
    learned = (TASKS.c.campaign_id == campaign.id, TASKS.c.purpose == COUNTEREXAMPLE)
    drawn = select(TASKS.c.annotator).where(*learned, TASKS.c.image_id == bytes.fromhex(found.image_id))
    annotator = tx.execute(drawn).scalars().first()
    if annotator is None:  # whoever makes the campaign's tasks makes this one with them
        return
    wanted = without_task(tx, [x for x in wanted_of(campaign, chosen(tx, campaign)) if x.image == following])
    make(tx, wanted, pictures, project, who, now, [annotator] * len(wanted))


def _campaign(tx: Connection, found: Task) -> Campaign | None:
    """The campaign that a task's image is one of: the task's, or the one in which it has a place, or the newest.

    An image that was added to S is perhaps none of its campaign's, and one that is drawn for a contest or the random
    lane has a task without a campaign. None where nobody graded it.
    """
    image = bytes.fromhex(found.image_id)
    query = select(ITEMS.c.campaign_id).join(CAMPAIGNS, CAMPAIGNS.c.id == ITEMS.c.campaign_id)
    newest = tx.execute(query.where(ITEMS.c.image_id == image).order_by(CAMPAIGNS.c.number.desc())).scalars().all()
    graded = [kept.campaign(tx, campaign_id) for campaign_id in newest]
    return min(graded, key=lambda item: (item.id != found.campaign_id, not _placed(tx, item, image)), default=None)


def _placed(tx: Connection, campaign: Campaign, image: bytes) -> bool:
    here = (CHOSEN.c.campaign_id == campaign.id, CHOSEN.c.image_id == image, CHOSEN.c.left_at.is_(None))
    query = select(CHOSEN.c.rank).where(*here, CHOSEN.c.purpose.in_([COUNTEREXAMPLE, TEST]))
    return tx.execute(query).first() is not None
