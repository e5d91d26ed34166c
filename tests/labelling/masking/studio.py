"""A labelling service with a closed campaign, on a real server, and the people who draw."""

from dataclasses import dataclass

import numpy as np

from madseg.client import Client
from madseg.client.values.masks import MaskTask, ReviewDecision
from madseg.core.label_map import encode, from_dense
from madseg.core.preprocess import Box, Size
from madseg.labelling.neighbours import Picture
from madseg.ports import Database
from madseg.security.access import Role
from tests.labelling.fakes import FakeNeighbours, image
from tests.labelling.scoring.desk import Desk
from tests.labelling.serving import Served

SIZE, CROP = Size(16, 20), Box(2, 0, 16, 16)
"""Of every picture."""

VOID = 255


@dataclass
class Studio:
    """Who may do what: `ann`, `ben` and `cat` draw and review, `rita` reviews only, `otto` makes tasks."""

    served: Served
    around: FakeNeighbours
    database: Database

    def person(self, name: str) -> Client:
        """A client of somebody who draws and reviews."""
        return self.served.client(name, Role.ANNOTATOR, Role.REVIEWER)

    @property
    def otto(self) -> Client:
        """The operator's client."""
        return self.served.client("otto")

    def drawn(self, client: Client, label: int = 1, task: MaskTask | None = None) -> MaskTask:
        """A task that the client takes, draws and hands in."""
        found = task or client.take_mask_task()
        assert found is not None
        revision = client.save_mask(found.id, mask(label), found.revision)
        return client.submit_mask(found.id, revision)

    def accepted(self, client: Client, reviewer: Client, label: int = 1, task: MaskTask | None = None) -> MaskTask:
        """A task that one draws and another accepts."""
        drawn = self.drawn(client, label, task)
        found = reviewer.take_review(drawn.id)
        assert found is not None
        return reviewer.decide_review(found.id, found.revision, ReviewDecision.ACCEPT)


def mask(label: int = 1, *, size: Size = SIZE, crop: Box = CROP) -> bytes:
    """A mask in wire form: a label inside the crop with a background of one row, void outside."""
    pixels = np.full((size.height, size.width), VOID, np.uint8)
    inside = pixels[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
    inside[:] = label
    inside[0] = 0
    return encode(from_dense(pixels))


def closed_campaign(database: Database, around: FakeNeighbours, *, s: int = 3, t: int = 2) -> Desk:
    """Scores the newest candidate set and chooses S and T; image n has the grade 1 + n % 5."""
    desk = Desk(database, around)
    desk.open(raters=1, counterexamples=s, test_reserved=t, test_reported=t)
    count = len(around.candidate_set("").candidates)
    desk.score_all({image(number): [1 + number % 5] for number in range(count)})
    desk.choose()
    return desk


def add_lane(around: FakeNeighbours, number: int, size: Size = SIZE, crop: Box = CROP) -> str:
    """An image of the random lane, which no model's ranking has."""
    around.pictures[image(number)] = Picture(image(number), size, crop, "grid", "camera", True, f"{number}.jpg")
    return image(number)
