"""The fake neighbours on a real gRPC server, as the selector and the gateway speak."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from madseg.labelling.neighbours import CandidateSet
from madseg.rpc import Server, Service
from madseg.v1 import intake_pb2, selector_pb2, types_pb2
from madseg.v1.intake_pb2_grpc import IntakeServiceServicer, add_IntakeServiceServicer_to_server
from madseg.v1.selector_pb2_grpc import SelectorServiceServicer, add_SelectorServiceServicer_to_server
from madseg.wire import version_proto
from tests.labelling.fakes import FakeNeighbours

PAGE = 4
"""Candidates of a page at most, so that there are several."""


class Selector(SelectorServiceServicer):
    """What labelling asks of the selector."""

    def __init__(self, known: FakeNeighbours) -> None:
        self._known = known

    def ListCandidates(self, request: selector_pb2.ListCandidatesRequest, context: Any) -> Any:
        found = self._known.candidate_set(request.candidate_set_id)
        first = int(request.page_token or 0)
        page = found.candidates[first : first + PAGE]
        answer = selector_pb2.ListCandidatesResponse(candidate_set=_set(found))
        for item in page:
            answer.candidates.add(
                rank=item.rank,
                image_id=item.image_id,
                mean_discrepancy=item.mean_discrepancy,
                perceptual_hash=item.perceptual_hash,
                source=item.source,
            )
        if first + PAGE < len(found.candidates):
            answer.next_page_token = str(first + PAGE)
        return answer

    def GetLabelMaps(self, request: selector_pb2.GetLabelMapsRequest, context: Any) -> Any:
        maps = self._known.label_maps(request.image_id)
        found = [
            selector_pb2.StoredLabelMap(version=version_proto(ref), label_map=content) for ref, content in maps.items()
        ]
        return selector_pb2.GetLabelMapsResponse(maps=found)

    def ExcludeImages(self, request: selector_pb2.ExcludeImagesRequest, context: Any) -> Any:
        self._known.exclude(list(request.image_ids), request.reason)
        return selector_pb2.ExcludeImagesResponse(excluded=len(request.image_ids))

    def RestoreImages(self, request: selector_pb2.RestoreImagesRequest, context: Any) -> Any:
        self._known.restore(list(request.image_ids), request.reason)
        return selector_pb2.RestoreImagesResponse(restored=len(request.image_ids))

    def GetSelectorStatus(self, request: selector_pb2.GetSelectorStatusRequest, context: Any) -> Any:
        found = self._known.project()
        return selector_pb2.GetSelectorStatusResponse(
            class_names=found.class_names,
            ranked=found.ranked,
            colours=[red << 16 | green << 8 | blue for red, green, blue in found.colours],
            grid=types_pb2.Size(height=found.grid.height, width=found.grid.width),
        )


class Intake(IntakeServiceServicer):
    """What labelling asks of the gateway."""

    def __init__(self, known: FakeNeighbours) -> None:
        self._known = known

    def GetImage(self, request: intake_pb2.GetImageRequest, context: Any) -> Any:
        found = self._known.picture(request.image_id)
        size, crop = found.original_size, found.crop
        return intake_pb2.GetImageResponse(
            image_id=found.image_id,
            original_size=types_pb2.Size(height=size.height, width=size.width),
            crop=types_pb2.Box(left=crop.left, top=crop.top, width=crop.width, height=crop.height),
            grid_id=found.grid_id,
            source=found.source,
            random_lane=found.random_lane,
            name=found.name,
        )


@contextmanager
def speaking(known: FakeNeighbours) -> Iterator[str]:
    """The address of both, while the block lasts."""
    selector = Selector(known)  # type: ignore[abstract]  # what labelling doesn't ask is unimplemented
    intake = Intake(known)  # type: ignore[abstract]
    services = [
        Service("madseg.v1.SelectorService", selector, add_SelectorServiceServicer_to_server),
        Service("madseg.v1.IntakeService", intake, add_IntakeServiceServicer_to_server),
    ]
    server = Server(services, "127.0.0.1:0")
    server.start()
    try:
        yield server.reachable
    finally:
        server.stop()


def _set(found: CandidateSet) -> selector_pb2.CandidateSet:
    made = selector_pb2.CandidateSet(id=found.id, size=len(found.candidates))
    for competitor in found.competitors:
        made.contests.add(target=version_proto(found.target), competitor=version_proto(competitor))
    return made
