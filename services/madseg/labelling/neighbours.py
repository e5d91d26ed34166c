"""What labelling asks of other services, over gRPC: the selector and the gateway's intake."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import grpc

from madseg.client.connection import Connection
from madseg.client.tls import Tls
from madseg.core.errors import InvalidInput
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Box, Size
from madseg.neighbours import told
from madseg.v1 import intake_pb2, selector_pb2, types_pb2
from madseg.v1.intake_pb2_grpc import IntakeServiceStub
from madseg.v1.selector_pb2_grpc import SelectorServiceStub

Q = TypeVar("Q")
A = TypeVar("A")

DEADLINE_SECONDS = 30.0
"""Of one call, its repetitions included."""

PAGE = 1000
"""Candidates asked for at a time."""

BATCH = 1000
"""Images that the selector takes in one call."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An image of a candidate set; `rank` 1 is the first. `perceptual_hash` is 64 bits, unsigned."""

    image_id: str
    rank: int
    mean_discrepancy: float
    perceptual_hash: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class CandidateSet:
    """A candidate set with its images in rank order, and the versions it stands on."""

    id: str
    target: VersionRef
    competitors: tuple[VersionRef, ...]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Project:
    """The taxonomy in label order and the canonical grid. `colours` are (red, green, blue)."""

    class_names: tuple[str, ...]
    ranked: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]
    grid: Size


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as the gateway took it in. `crop` is the part of the original on the canonical grid."""

    image_id: str
    original_size: Size
    crop: Box
    grid_id: str
    source: str
    random_lane: bool
    name: str


class Neighbours(ABC):
    """The other services. Thread-safe. Every call may be made again without another effect."""

    @abstractmethod
    def candidate_set(self, set_id: str) -> CandidateSet:
        """A candidate set; the newest for "".

        Raises:
            NotFound: no such set, or none at all.
            InvalidInput: it has no contest, or those of several target versions.
            Unavailable: the selector doesn't answer.
        """

    @abstractmethod
    def label_maps(self, image_id: str) -> Mapping[VersionRef, bytes]:
        """The stored label maps of an image on the canonical grid, in the wire form of `madseg.core.label_map`.

        Raises:
            Unavailable: the selector doesn't answer.
        """

    @abstractmethod
    def exclude(self, image_ids: Sequence[str], reason: str) -> None:
        """Keeps images out of rankings and candidate sets for a reason; does nothing for those that are out for it.

        Raises:
            Unavailable: the selector doesn't answer.
        """

    @abstractmethod
    def restore(self, image_ids: Sequence[str], reason: str) -> None:
        """Takes exclusions for a reason back; does nothing for those that aren't out for it.

        Raises:
            Unavailable: the selector doesn't answer.
        """

    @abstractmethod
    def project(self) -> Project:
        """The taxonomy and the grid.

        Raises:
            Unavailable: the selector doesn't answer.
        """

    @abstractmethod
    def picture(self, image_id: str) -> Picture:
        """What the gateway knows of an image.

        Raises:
            NotFound: it has no such image.
            Unavailable: the gateway doesn't answer.
        """


class Remote(Neighbours):
    """The services at addresses `host:port`, asked for when they are first needed, with the token of an operator."""

    def __init__(
        self,
        selector: Callable[[], str],
        intake: Callable[[], str],
        token: str | None = None,
        tls: Tls | None = None,
    ) -> None:
        self._addresses, self._token, self._tls = {"selector": selector, "intake": intake}, token, tls

    def candidate_set(self, set_id: str) -> CandidateSet:
        found: list[Candidate] = []
        chosen, token = set_id, ""
        while True:
            request = selector_pb2.ListCandidatesRequest(candidate_set_id=chosen, page_size=PAGE, page_token=token)
            said = self._ask_selector(lambda stub: stub.ListCandidates, request)
            found.extend(map(_candidate, said.candidates))
            # A set that is cut between two pages must not become "the newest" half-way.
            chosen, token = said.candidate_set.id, said.next_page_token
            if not token:
                return _candidate_set(said.candidate_set, found)

    def label_maps(self, image_id: str) -> Mapping[VersionRef, bytes]:
        said = self._ask_selector(lambda stub: stub.GetLabelMaps, selector_pb2.GetLabelMapsRequest(image_id=image_id))
        return {_version(item.version): item.label_map for item in said.maps}

    def exclude(self, image_ids: Sequence[str], reason: str) -> None:
        for at in range(0, len(image_ids), BATCH):
            request = selector_pb2.ExcludeImagesRequest(image_ids=image_ids[at : at + BATCH], reason=reason)
            self._ask_selector(lambda stub: stub.ExcludeImages, request)

    def restore(self, image_ids: Sequence[str], reason: str) -> None:
        for at in range(0, len(image_ids), BATCH):
            request = selector_pb2.RestoreImagesRequest(image_ids=image_ids[at : at + BATCH], reason=reason)
            self._ask_selector(lambda stub: stub.RestoreImages, request)

    def project(self) -> Project:
        said = self._ask_selector(lambda stub: stub.GetSelectorStatus, selector_pb2.GetSelectorStatusRequest())
        return Project(
            tuple(said.class_names),
            tuple(said.ranked),
            tuple((colour >> 16 & 255, colour >> 8 & 255, colour & 255) for colour in said.colours),
            Size(said.grid.height, said.grid.width),
        )

    def picture(self, image_id: str) -> Picture:
        said = self._ask_intake(lambda stub: stub.GetImage, intake_pb2.GetImageRequest(image_id=image_id))
        return Picture(
            said.image_id,
            Size(said.original_size.height, said.original_size.width),
            Box(said.crop.left, said.crop.top, said.crop.width, said.crop.height),
            said.grid_id,
            said.source,
            said.random_lane,
            said.name,
        )

    @cached_property
    def _selector(self) -> Connection:
        return self._to("selector")

    @cached_property
    def _intake(self) -> Connection:
        return self._to("intake")

    def _to(self, service: str) -> Connection:
        opened = Connection(service, self._addresses[service](), DEADLINE_SECONDS, self._tls)
        return opened.with_token(self._token)

    def _ask_selector(
        self, ask: Callable[[SelectorServiceStub], "grpc.UnaryUnaryMultiCallable[Q, A]"], request: Q
    ) -> A:
        with told("labelling"):
            return self._selector.call(ask(self._selector.stub(SelectorServiceStub)), request)

    def _ask_intake(self, ask: Callable[[IntakeServiceStub], "grpc.UnaryUnaryMultiCallable[Q, A]"], request: Q) -> A:
        with told("labelling"):
            return self._intake.call(ask(self._intake.stub(IntakeServiceStub)), request)


def _version(message: types_pb2.ModelVersion) -> VersionRef:
    return VersionRef(message.model, message.version)


def _candidate(message: selector_pb2.Candidate) -> Candidate:
    found = message.perceptual_hash if message.HasField("perceptual_hash") else None
    return Candidate(message.image_id, message.rank, message.mean_discrepancy, found, message.source)


def _candidate_set(message: selector_pb2.CandidateSet, candidates: Sequence[Candidate]) -> CandidateSet:
    targets = sorted({_version(item.target) for item in message.contests})
    if len(targets) != 1:
        told = ", ".join(map(str, targets)) or "none"
        raise InvalidInput(
            f"a campaign scores the maps of one target version; candidate set {message.id} has {told}: cut it for one",
            field="candidate_set_id",
        )
    competitors = tuple(sorted({_version(item.competitor) for item in message.contests}))
    return CandidateSet(message.id, targets[0], competitors, tuple(candidates))
