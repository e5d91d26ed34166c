"""New tasks: what is asked of the gateway for them, and their rows."""

import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, insert

from madseg.core.errors import NotFound
from madseg.core.messages import VersionRef
from madseg.core.taxonomy import background_of
from madseg.labelling.masking import tasks
from madseg.labelling.masking.tables import EVENTS, TASKS
from madseg.labelling.neighbours import Neighbours, Picture, Project

log = structlog.get_logger("madseg.labelling")

THREADS = 8
"""Images asked about at once."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A task to be made. `image` is its 16 bytes."""

    image: bytes
    purpose: str
    campaign_id: str | None = None
    target: VersionRef | None = None


def make(
    tx: Connection,
    wanted: Sequence[Wanted],
    pictures: Mapping[bytes, Picture],
    project: Project,
    who: str,
    now: int,
    annotators: Sequence[str],
) -> None:
    """Makes tasks for images whose pictures are known."""
    rows = [
        {
            **blank(item.image, item.purpose, now),
            **_geometry(pictures[item.image]),
            "annotator": name,
            "campaign_id": item.campaign_id,
            "target_model": item.target.model if item.target else None,
            "target_version": item.target.version if item.target else None,
            "classes": len(project.class_names),
            "background": background_of(project.class_names[0] in project.ranked),
        }
        for item, name in zip(wanted, annotators, strict=True)
    ]
    put_in(tx, rows, who, now)


def pictures_of(neighbours: Neighbours, images: Sequence[bytes]) -> dict[bytes, Picture]:
    """What the gateway knows of images; those that it has forgotten aren't among them.

    Raises:
        Unavailable: it doesn't answer.
    """

    def one(image: bytes) -> Picture | None:
        try:
            return neighbours.picture(image.hex())
        except NotFound:
            log.warning("image_without_picture", image_id=image.hex())
            return None

    with ThreadPoolExecutor(THREADS, thread_name_prefix="pictures") as pool:
        found = zip(images, pool.map(one, images), strict=True)
        return {image: picture for image, picture in found if picture is not None}


def put_in(tx: Connection, rows: Sequence[dict[str, object]], who: str, now: int) -> None:
    """Writes the rows of new tasks."""
    if rows:
        tx.execute(insert(TASKS), rows)
        made = {"happened_at": now, "who": who, "act": "made", "revision": 0}
        tx.execute(insert(EVENTS), [{"task_id": row["id"], **made} for row in rows])


def blank(image: bytes, purpose: str, now: int) -> dict[str, object]:
    """What every new task has."""
    return {
        "id": uuid.uuid4().hex,
        "image_id": image,
        "purpose": purpose,
        "state": tasks.WAITING,
        "reviewer": "",
        "first_id": None,
        "revision": 0,
        "accepted_revision": 0,
        "drawing_ms": 0,
        "returned_at": 0,
        "created_at": now,
        "changed_at": now,
    }


def _geometry(picture: Picture) -> dict[str, object]:
    size, crop = picture.original_size, picture.crop
    return {
        "height": size.height,
        "width": size.width,
        "crop_left": crop.left,
        "crop_top": crop.top,
        "crop_width": crop.width,
        "crop_height": crop.height,
    }
