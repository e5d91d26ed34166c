"""A small selector with canned rankings behind the real gRPC edge."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from madseg.core.errors import InvalidInput, NotFound, NotReady, Unavailable
from madseg.core.label_map import encode, from_dense
from madseg.v1 import selector_pb2, types_pb2
from madseg.v1.selector_pb2_grpc import SelectorServiceServicer
from tests.client.canned import image_id, moment

CLASSES = ("background", "bus", "cat")
TARGET = types_pb2.ModelVersion(model="ours", version=2)
THEIRS = types_pb2.ModelVersion(model="theirs", version=1)
OTHERS = types_pb2.ModelVersion(model="others", version=1)
SEEN = 4
"""Image 5 is accepted, but the selector has never seen it."""


def summaries() -> list[selector_pb2.RankingSummary]:
    """One per competitor, defender and ranked class, in order; cats of the last one are missing."""
    found: list[selector_pb2.RankingSummary] = []
    for competitor in (OTHERS, THEIRS):
        for defender in (types_pb2.DEFENDER_TARGET, types_pb2.DEFENDER_COMPETITOR):
            for name in CLASSES[1:]:
                key = selector_pb2.RankingKey(target=TARGET, competitor=competitor, defender=defender, class_name=name)
                empty = competitor is THEIRS and defender == types_pb2.DEFENDER_COMPETITOR and name == "cat"
                found.append(
                    selector_pb2.RankingSummary(
                        key=key,
                        images=0 if empty else 1200 + len(found),
                        eligible=0 if empty else 600 + len(found),
                        mean_discrepancy=0.0 if empty else 0.1 + 0.05 * len(found),
                        top_discrepancy=None if empty else 0.9 - 0.01 * len(found),
                    )
                )
    return found


def contests() -> list[types_pb2.Contest]:
    """One that is complete and one that is filling."""
    complete, filling = types_pb2.CONTEST_STATE_COMPLETE, types_pb2.CONTEST_STATE_FILLING
    return [
        types_pb2.Contest(target=TARGET, competitor=OTHERS, state=complete, compared=12345, failed=2),
        types_pb2.Contest(target=TARGET, competitor=THEIRS, state=filling, compared=12000, failed=0, missing=345),
    ]


def entries(count: int = 4) -> list[selector_pb2.RankingEntry]:
    """The best first; the first one hides a near-duplicate."""
    return [
        selector_pb2.RankingEntry(
            rank=number,
            image_id=image_id(number),
            discrepancy=1 - number / 10,
            area_share=number / 20,
            source="camera-3",
            captured_at=moment(number),
            near_duplicates=[image_id(99)] if number == 1 else [],
        )
        for number in range(1, count + 1)
    ]


@dataclass
class CannedSelector(SelectorServiceServicer):
    """Answers with canned rankings; keeps what it was asked, and which tokens label maps were asked for with."""

    asked: list[object] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    excluded: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    restored: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    missing: Sequence[str] = (image_id(2), image_id(3))
    slow_seconds: float = 0.0
    revision: int = 7
    trouble: str = ""
    """While it holds a reason, no page of a ranking is read."""

    def ListContests(self, request, context):  # type: ignore[no-untyped-def]
        return selector_pb2.ListContestsResponse(contests=contests())

    def ListRankings(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        if request.class_name and request.class_name not in CLASSES:
            raise InvalidInput(f"class {request.class_name!r} is not ranked: bus, cat", field="class_name")
        found = [
            item
            for item in summaries()
            if (not request.class_name or item.key.class_name == request.class_name)
            and (not request.competitor.model or item.key.competitor.model == request.competitor.model)
            and (not request.defender or item.key.defender == request.defender)
        ]
        return selector_pb2.ListRankingsResponse(rankings=found)

    def ListRankingEntries(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        if self.trouble:
            raise Unavailable(self.trouble)
        start = int(request.page_token or 0)
        found = entries()[start : start + request.page_size]
        more = str(start + request.page_size) if start + request.page_size < len(entries()) else ""
        return selector_pb2.ListRankingEntriesResponse(
            entries=found, next_page_token=more, revision=self.revision, contest=contests()[0]
        )

    async def WatchRanking(self, request, context) -> AsyncIterator[selector_pb2.WatchRankingResponse]:  # type: ignore[no-untyped-def]
        self.asked.append(request)
        yield selector_pb2.WatchRankingResponse(entries=entries(1), revision=7, contest=contests()[0])
        yield selector_pb2.WatchRankingResponse(entries=entries(2), revision=8)
        await asyncio.sleep(self.slow_seconds)

    def PlaceImages(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        places = [
            selector_pb2.ImagePlaces(
                image_id=item, compared=2, mean_discrepancy=0.25, largest_discrepancy=0.5, rankings=3, top=1
            )
            for item in request.image_ids[:-1]
        ]
        return selector_pb2.PlaceImagesResponse(
            places=places, unknown=request.image_ids[-1:], target=contests()[0].target
        )

    def GetDiscrepancyMatrix(self, request, context):  # type: ignore[no-untyped-def]
        return selector_pb2.GetDiscrepancyMatrixResponse(cells=summaries())

    def CutCandidates(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        if not request.allow_incomplete:
            raise NotReady("ours/2 against theirs/1 lacks 345 images: wait, or allow an incomplete cut")
        made = self._set(request.per_ranking, request.note)
        known = {"strategy": request.strategy, "grouped": request.grouped, "seed": request.seed}
        made.MergeFrom(selector_pb2.CandidateSet(contestants=request.contestants, **known))
        return selector_pb2.CutCandidatesResponse(candidate_set=made)

    def ListCandidateSets(self, request, context):  # type: ignore[no-untyped-def]
        return selector_pb2.ListCandidateSetsResponse(candidate_sets=[self._set(25, "first cut")])

    def ListCandidates(self, request, context):  # type: ignore[no-untyped-def]
        if request.candidate_set_id not in ("", "cut-1"):
            raise NotFound(f"no candidate set {request.candidate_set_id!r}")
        start = int(request.page_token or 0)
        found = [
            selector_pb2.Candidate(
                rank=item.rank,
                image_id=item.image_id,
                discrepancy=item.discrepancy,
                placements=[
                    selector_pb2.Placement(key=summaries()[4].key, rank=item.rank, discrepancy=item.discrepancy)
                ],
                near_duplicates=item.near_duplicates,
                mean_discrepancy=item.discrepancy / 2,
                perceptual_hash=(1 << 63) + item.rank if item.rank > 1 else None,
                source=item.source,
            )
            for item in entries()[start : start + request.page_size]
        ]
        more = str(start + request.page_size) if start + request.page_size < len(entries()) else ""
        return selector_pb2.ListCandidatesResponse(
            candidates=found, next_page_token=more, candidate_set=self._set(25, "first cut")
        )

    def DiffCandidates(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        for side in (request.old, request.new):
            if side.candidate_set_id not in ("", "c" * 32):
                raise NotFound(f"no candidate set {side.candidate_set_id}")
        change = selector_pb2.CandidateChange
        return selector_pb2.DiffCandidatesResponse(
            entered=[
                change(
                    image_id=image_id(number), new_rank=number, new_discrepancy=0.9 - number / 100, class_names=names
                )
                for number, names in ((2, ["bus"]), (3, ["bus", "cat"]), (5, ["cat"]))
            ],
            left=[change(image_id=image_id(9), old_rank=4, old_discrepancy=0.5, class_names=["bus"])],
            stayed=[
                change(
                    image_id=image_id(1),
                    old_rank=2,
                    new_rank=1,
                    old_discrepancy=0.75,
                    new_discrepancy=0.875,
                    class_names=["bus"],
                )
            ],
            classes=[
                selector_pb2.ClassChange(class_name="bus", old=2, new=3, entered=2, left=1),
                selector_pb2.ClassChange(class_name="cat", old=0, new=2, entered=2, left=0),
            ],
            old_contests=contests()[:1],
            new_contests=contests(),
        )

    def ExplainImage(self, request, context):  # type: ignore[no-untyped-def]
        if int(request.image_id, 16) > SEEN:
            raise NotFound(f"no version has said anything of image {request.image_id}")
        classes = [
            selector_pb2.ClassOutcome(defender=types_pb2.DEFENDER_TARGET, class_name="bus", area_share=0.25, rank=3),
            selector_pb2.ClassOutcome(
                defender=types_pb2.DEFENDER_COMPETITOR,
                class_name="cat",
                area_share=0.7,
                reason="area share 0.700 is outside [0.050, 0.300]",
            ),
        ]
        return selector_pb2.ExplainImageResponse(
            image_id=request.image_id,
            source="camera-3",
            captured_at=moment(),
            exclusions=["veto"],
            outcomes=[
                selector_pb2.VersionOutcome(version=TARGET, mean_entropy=0.5),
                selector_pb2.VersionOutcome(version=OTHERS, failure="the GPU ran out of memory"),
            ],
            contests=[
                selector_pb2.ContestOutcome(target=TARGET, competitor=THEIRS, discrepancy=0.8125, classes=classes)
            ],
            candidate_set_ids=["cut-1"],
        )

    def GetLabelMaps(self, request, context):  # type: ignore[no-untyped-def]
        self.shown.append(dict(context.invocation_metadata()).get("authorization", ""))
        first = np.zeros((16, 16), np.uint8)
        first[4:12, 4:12] = 1
        second = np.zeros((16, 16), np.uint8)
        second[4:12, 8:16] = 2
        maps = [
            selector_pb2.StoredLabelMap(version=TARGET, label_map=encode(from_dense(first))),
            selector_pb2.StoredLabelMap(version=THEIRS, label_map=encode(from_dense(second))),
            selector_pb2.StoredLabelMap(version=OTHERS, label_map=encode(from_dense(second))),
        ]
        return selector_pb2.GetLabelMapsResponse(maps=maps)

    def ExcludeImages(self, request, context):  # type: ignore[no-untyped-def]
        self.excluded.append((tuple(request.image_ids), request.reason))
        return selector_pb2.ExcludeImagesResponse(excluded=len(request.image_ids))

    def RestoreImages(self, request, context):  # type: ignore[no-untyped-def]
        self.restored.append((tuple(request.image_ids), request.reason))
        return selector_pb2.RestoreImagesResponse(restored=len(request.image_ids))

    def ForgetImage(self, request, context):  # type: ignore[no-untyped-def]
        return selector_pb2.SelectorServiceForgetImageResponse()

    def ListMissing(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        found = [*self.missing, *([image_id(1)] if request.include_failed else [])]
        return selector_pb2.ListMissingResponse(image_ids=found)

    def ExpireImages(self, request, context):  # type: ignore[no-untyped-def]
        return selector_pb2.ExpireImagesResponse()

    def RequestPredictions(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        unknown = [item for item in request.image_ids if int(item, 16) > SEEN]
        return selector_pb2.RequestPredictionsResponse(requested=len(request.image_ids) - len(unknown), unknown=unknown)

    def FindUnknownImages(self, request, context):  # type: ignore[no-untyped-def]
        unknown = [item for item in request.image_ids if int(item, 16) > SEEN]
        return selector_pb2.FindUnknownImagesResponse(image_ids=unknown)

    def GetSelectorStatus(self, request, context):  # type: ignore[no-untyped-def]
        versions = [
            selector_pb2.VersionCount(version=TARGET, stored=12343, failed=2),
            selector_pb2.VersionCount(version=THEIRS, stored=12000, failed=0),
            selector_pb2.VersionCount(version=OTHERS, stored=12345, failed=0),
        ]
        return selector_pb2.GetSelectorStatusResponse(
            images=12345,
            offsets=[selector_pb2.PartitionOffset(partition=0, next=12346)],
            lag=12,
            dead_letters=1,
            revision=7,
            versions=versions,
            criteria_id="c0ffee",
            class_names=CLASSES,
            ranked=CLASSES[1:],
            colours=[0, 0x008080, 0x400000],
            replays=[
                selector_pb2.Replay(
                    version=THEIRS, stored=12000, missing=345, images_per_second=2.5, seconds_left=138.0
                )
            ],
        )

    def _set(self, per_ranking: int, note: str) -> selector_pb2.CandidateSet:
        return selector_pb2.CandidateSet(
            id="cut-1",
            cut_at=moment(15),
            per_ranking=per_ranking,
            size=4,
            criteria_id="c0ffee",
            contests=contests(),
            offsets=[selector_pb2.PartitionOffset(partition=0, next=12346)],
            near_duplicates=1,
            note=note,
        )
