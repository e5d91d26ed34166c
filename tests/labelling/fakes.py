"""The other services, in memory."""

import threading
from collections.abc import Mapping, Sequence

import numpy as np

from madseg.core.errors import NotFound, Unavailable
from madseg.core.label_map import encode, from_dense
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Box, Size
from madseg.core.taxonomy import VOC
from madseg.labelling.neighbours import Candidate, CandidateSet, Neighbours, Picture, Project

OURS, THEIRS, OTHERS = VersionRef("ours", 1), VersionRef("theirs", 1), VersionRef("others", 1)

GRID = Size(8, 8)


def image(number: int) -> str:
    """The id of image `number`."""
    return f"{number:032x}"


class FakeNeighbours(Neighbours):
    """A selector and a gateway that have what a test puts in. While `away` they don't answer."""

    def __init__(self) -> None:
        self.sets: dict[str, CandidateSet] = {}
        self.maps: dict[str, dict[VersionRef, bytes]] = {}
        self.pictures: dict[str, Picture] = {}
        self.excluded: set[tuple[str, str]] = set()
        """(image, reason)."""
        self.told: list[tuple[str, str, str]] = []
        """(act, image, reason) in the order in which they came."""
        self.away = False
        self._lock = threading.Lock()

    def candidate_set(self, set_id: str) -> CandidateSet:
        self._answer()
        if set_id and set_id not in self.sets:
            raise NotFound(f"no candidate set {set_id}")
        if not self.sets:
            raise NotFound("no candidate set yet: `madseg candidates cut` cuts one")
        return self.sets[set_id or list(self.sets)[-1]]

    def label_maps(self, image_id: str) -> Mapping[VersionRef, bytes]:
        self._answer()
        return dict(self.maps.get(image_id, {}))

    def exclude(self, image_ids: Sequence[str], reason: str) -> None:
        self._answer()
        with self._lock:
            self.excluded |= {(item, reason) for item in image_ids}
            self.told += [("exclude", item, reason) for item in image_ids]

    def restore(self, image_ids: Sequence[str], reason: str) -> None:
        self._answer()
        with self._lock:
            self.excluded -= {(item, reason) for item in image_ids}
            self.told += [("restore", item, reason) for item in image_ids]

    def project(self) -> Project:
        self._answer()
        ranked = tuple(VOC.names[label] for label in VOC.ranked)
        return Project(VOC.names, ranked, tuple(item.colour for item in VOC.classes), GRID)

    def picture(self, image_id: str) -> Picture:
        self._answer()
        if image_id not in self.pictures:
            raise NotFound(f"no image {image_id}")
        return self.pictures[image_id]

    def excluded_for(self, reason: str) -> set[str]:
        """Images that are excluded for a reason."""
        return {item for item, why in self.excluded if why == reason}

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("the selector does not answer")


def neighbours(images: int, *, first: int = 0, set_id: str = "", target: VersionRef = OURS) -> FakeNeighbours:
    """Neighbours with one candidate set of `images` images, whose label maps all differ."""
    made = FakeNeighbours()
    add_set(made, range(first, first + images), set_id or "a" * 32, target)
    return made


def add_set(made: FakeNeighbours, numbers: Sequence[int], set_id: str, target: VersionRef = OURS) -> CandidateSet:
    """Cuts a candidate set of these images, in this order; label maps that are there stay."""
    for number in numbers:
        made.maps.setdefault(image(number), {ref: label_map(number, ref) for ref in (target, THEIRS, OTHERS)})
        picture = Picture(image(number), Size(16, 20), Box(2, 0, 16, 16), "grid", "camera", False, f"{number}.jpg")
        made.pictures[image(number)] = picture
    candidates = tuple(
        Candidate(image(number), rank, 1 - rank / (len(numbers) + 1), hashed(number), "camera")
        for rank, number in enumerate(numbers, 1)
    )
    made.sets[set_id] = CandidateSet(set_id, target, (OTHERS, THEIRS), candidates)
    return made.sets[set_id]


def label_map(number: int, ref: VersionRef) -> bytes:
    """A label map of an image on the small grid: its main class is 1 + number % 20, its noise the version's."""
    rng = np.random.default_rng([number, len(ref.model), ref.version])
    dense = np.full((GRID.height, GRID.width), 1 + number % 20, np.uint8)
    dense[:2] = rng.integers(0, 21, (2, GRID.width))
    return encode(from_dense(dense))


def hashed(number: int) -> int:
    """A perceptual hash that is near to no other image's."""
    return int.from_bytes(np.random.default_rng(number).bytes(8), "big")
