"""SelectorService: decode, one call, encode."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from madseg.core.errors import InvalidInput
from madseg.core.messages import checked_image_id
from madseg.core.times import micros
from madseg.ports import Database
from madseg.requests import MAX_PAGE, asked_for, from_token, page_size, plain_text, token
from madseg.selector import candidate_sets, edits, encoding, history, paging
from madseg.selector.candidate_facts import candidate_facts
from madseg.selector.cut import Cutting, cut
from madseg.selector.diff import diff
from madseg.selector.explain import explain
from madseg.selector.ids import checked_ids
from madseg.selector.layout import load_layout
from madseg.selector.queries import Page, Queries, Which
from madseg.selector.replay import Request, requests_for
from madseg.selector.replay_progress import replays
from madseg.selector.status import missing, status, unknown
from madseg.selector.stored import number_of, stored_maps
from madseg.selector.walk import ImageFilter
from madseg.v1 import selector_pb2 as pb
from madseg.v1 import types_pb2
from madseg.v1.selector_pb2_grpc import SelectorServiceServicer
from madseg.wire import moment, version_proto

MAX_KEY, MAX_NOTE = 200, 2000
"""Characters of an idempotency key and of a note."""

MAX_PER_RANKING = 10_000
"""Images of each ranking that a cut takes."""

WATCH_SECONDS = 0.25
"""How often a watched ranking is looked at; a look that finds the same revision costs one small query."""


class SelectorApi(SelectorServiceServicer):
    """`request` has versions asked about images; `clock` gives microseconds since the epoch.

    `lag` tells how many records wait behind given offsets.
    """

    def __init__(
        self,
        database: Database,
        topic: str,
        queries: Queries,
        request: Request,
        clock: Callable[[], int],
        lag: Callable[[Mapping[int, int]], int],
    ) -> None:
        self._database, self._topic, self._queries = database, topic, queries
        self._criteria, self._taxonomy = queries.criteria, queries.criteria.taxonomy
        self._request, self._clock, self._lag = request, clock, lag

    def ListContests(self, request: pb.ListContestsRequest, context: Any) -> pb.ListContestsResponse:
        found = map(candidate_sets.as_stored, self._queries.contests())
        return pb.ListContestsResponse(contests=map(encoding.contest_proto, found))

    def ListRankings(self, request: pb.ListRankingsRequest, context: Any) -> pb.ListRankingsResponse:
        which = encoding.which(request.target, request.competitor, request.defender, request.class_name)
        lines = [encoding.summary_proto(item, self._taxonomy) for item in self._queries.summaries(which)]
        return pb.ListRankingsResponse(rankings=lines)

    def ListRankingEntries(self, request: pb.ListRankingEntriesRequest, context: Any) -> pb.ListRankingEntriesResponse:
        values, question = from_token(request.page_token), _question(request)
        after = paging.after_entry(values)
        page = self._queries.page(
            paging.same_contest(_which(request.key), values, question),
            encoding.images(request.filter),
            page_size(request.page_size, 25),
            after=after,
            near=not request.keep_near_duplicates,
        )
        return pb.ListRankingEntriesResponse(
            entries=[encoding.entry_proto(item, page.standings) for item in page.ranked],
            next_page_token=paging.next_page(page, question),
            revision=page.revision,
            contest=encoding.contest_proto(candidate_sets.as_stored(page.contest)),
        )

    async def WatchRanking(
        self, request: pb.WatchRankingRequest, context: Any
    ) -> AsyncIterator[pb.WatchRankingResponse]:
        which, images = _which(request.key), encoding.images(request.filter)
        top = page_size(request.top, 25, "top")
        seen: int | None = None
        shown: tuple[object, ...] | None = None
        while True:
            page = await asyncio.to_thread(self._changed, which, images, top, seen)
            if page is not None:
                seen = page.revision
                entries = [encoding.entry_proto(item, page.standings) for item in page.ranked]
                contest = encoding.contest_proto(candidate_sets.as_stored(page.contest))
                serialized = (entry.SerializeToString(deterministic=True) for entry in entries)
                now = (page.contest.contest.ref, *serialized)
                if now != shown:
                    shown = now
                    yield pb.WatchRankingResponse(entries=entries, revision=page.revision, contest=contest)
            await asyncio.sleep(WATCH_SECONDS)

    def _changed(self, which: Which, images: ImageFilter, top: int, seen: int | None) -> Page | None:
        """The top of a ranking, or None where nothing has changed since revision `seen`."""
        if seen is not None and self._queries.revision() == seen:
            return None
        return self._queries.page(which, images, top)

    def GetDiscrepancyMatrix(
        self, request: pb.GetDiscrepancyMatrixRequest, context: Any
    ) -> pb.GetDiscrepancyMatrixResponse:
        cells = self._queries.summaries(encoding.which(request.target))
        return pb.GetDiscrepancyMatrixResponse(cells=[encoding.summary_proto(cell, self._taxonomy) for cell in cells])

    def CutCandidates(self, request: pb.CutCandidatesRequest, context: Any) -> pb.CutCandidatesResponse:
        made = cut(
            self._database,
            self._queries,
            encoding.which(request.target),
            _cutting(request),
            encoding.order(request),
            note=plain_text(request.note, "note", MAX_NOTE),
            key=plain_text(request.idempotency_key, "idempotency_key", MAX_KEY) or None,
            clock=self._clock,
            asked=asked_for(request),
        )
        return pb.CutCandidatesResponse(candidate_set=encoding.set_proto(made))

    def ListCandidateSets(self, request: pb.ListCandidateSetsRequest, context: Any) -> pb.ListCandidateSetsResponse:
        size = page_size(request.page_size, MAX_PAGE)
        with self._database.snapshot() as tx:
            found, more = candidate_sets.page(tx, size, request.page_token)
        return pb.ListCandidateSetsResponse(candidate_sets=map(encoding.set_proto, found), next_page_token=more)

    def ListCandidates(self, request: pb.ListCandidatesRequest, context: Any) -> pb.ListCandidatesResponse:
        size = page_size(request.page_size, 100)
        asked, rank = paging.after_rank(from_token(request.page_token), request.candidate_set_id)
        plain_text(asked, "candidate_set_id", encoding.MAX_SET_ID)
        with self._database.snapshot() as tx:
            found = candidate_sets.one_set(tx, asked)
            rows = candidate_sets.candidates(tx, found.id, rank, size + 1, self._taxonomy)
            images = [item.candidate.image_id for item in rows[:size]]
            known = candidate_facts(tx, images, {item.ref for item in found.contests})
        more = token(set=found.id, rank=rows[size - 1].rank) if len(rows) > size else ""
        return pb.ListCandidatesResponse(
            candidates=[
                encoding.candidate_proto(item, known[item.candidate.image_id], self._taxonomy) for item in rows[:size]
            ],
            next_page_token=more,
            candidate_set=encoding.set_proto(found),
        )

    def DiffCandidates(self, request: pb.DiffCandidatesRequest, context: Any) -> pb.DiffCandidatesResponse:
        how, old, new = _cutting(request), encoding.side(request.old, "old"), encoding.side(request.new, "new")
        return encoding.diff_proto(diff(self._database, self._queries, old, new, how), self._taxonomy)

    def ExplainImage(self, request: pb.ExplainImageRequest, context: Any) -> pb.ExplainImageResponse:
        with self._database.snapshot() as tx:
            found = explain(tx, self._criteria, request.image_id)
        return encoding.explanation_proto(found, self._taxonomy)

    def PlaceImages(self, request: pb.PlaceImagesRequest, context: Any) -> pb.PlaceImagesResponse:
        ids, per_ranking = checked_ids(request.image_ids), _per_ranking(request.per_ranking)
        return encoding.places_proto(self._queries.places(encoding.which(request.target), ids, per_ranking))

    def GetLabelMaps(self, request: pb.GetLabelMapsRequest, context: Any) -> pb.GetLabelMapsResponse:
        with self._database.snapshot() as tx:
            versions = load_layout(tx, self._criteria).versions
            number = number_of(tx, bytes.fromhex(checked_image_id(request.image_id)))
            maps = {} if number is None else stored_maps(tx, [number])[number]
        found = sorted((versions[number], content) for number, (content, _) in maps.items())
        return pb.GetLabelMapsResponse(
            maps=[pb.StoredLabelMap(version=version_proto(ref), label_map=content) for ref, content in found]
        )

    def ExcludeImages(self, request: pb.ExcludeImagesRequest, context: Any) -> pb.ExcludeImagesResponse:
        return pb.ExcludeImagesResponse(
            excluded=edits.exclude(self._database, request.image_ids, request.reason, self._clock())
        )

    def RestoreImages(self, request: pb.RestoreImagesRequest, context: Any) -> pb.RestoreImagesResponse:
        return pb.RestoreImagesResponse(restored=edits.restore(self._database, request.image_ids, request.reason))

    def ForgetImage(
        self, request: pb.SelectorServiceForgetImageRequest, context: Any
    ) -> pb.SelectorServiceForgetImageResponse:
        gone = edits.forget(self._database, self._criteria, request.image_id, request.reason, self._clock())
        later = [f"records on {self._topic}: when its retention ends"]
        return pb.SelectorServiceForgetImageResponse(gone=gone, later=later)

    def ExpireImages(self, request: pb.ExpireImagesRequest, context: Any) -> pb.ExpireImagesResponse:
        before = micros(moment(request.accepted_before, "accepted_before"))
        expired = history.expire(self._database, self._criteria, request.image_ids, before, self._clock())
        return pb.ExpireImagesResponse(expired=expired)

    def ListMissing(self, request: pb.ListMissingRequest, context: Any) -> pb.ListMissingResponse:
        size = page_size(request.page_size, 1000)
        after = paging.after_image(from_token(request.page_token))
        with self._database.snapshot() as tx:
            found = missing(tx, self._criteria, after, size, failed_too=request.include_failed)
        more = token(after=found[-1]) if len(found) == size else ""
        return pb.ListMissingResponse(image_ids=found, next_page_token=more)

    def RequestPredictions(self, request: pb.RequestPredictionsRequest, context: Any) -> pb.RequestPredictionsResponse:
        ids = checked_ids(request.image_ids)
        with self._database.snapshot() as tx:
            lacking, nobody = requests_for(tx, self._criteria, ids, failed_too=request.include_failed)
        self._request(lacking)
        return pb.RequestPredictionsResponse(requested=len(lacking), unknown=nobody)

    def FindUnknownImages(self, request: pb.FindUnknownImagesRequest, context: Any) -> pb.FindUnknownImagesResponse:
        ids = checked_ids(request.image_ids)
        with self._database.snapshot() as tx:
            return pb.FindUnknownImagesResponse(image_ids=unknown(tx, ids))

    def GetSelectorStatus(self, request: pb.GetSelectorStatusRequest, context: Any) -> pb.GetSelectorStatusResponse:
        with self._database.snapshot() as tx:
            now = status(tx, self._topic)
            behind = replays(tx, self._criteria, self._clock())
        classes, grid = self._taxonomy.classes, self._criteria.grid
        return pb.GetSelectorStatusResponse(
            images=now.images,
            random_lane=now.random_lane,
            offsets=encoding.offset_protos(now.offsets),
            lag=self._lag(now.offsets),
            dead_letters=now.dead_letters,
            revision=now.revision,
            versions=[
                pb.VersionCount(version=version_proto(ref), stored=stored, failed=failed)
                for ref, (stored, failed) in now.versions.items()
            ],
            criteria_id=self._criteria.id,
            class_names=self._taxonomy.names,
            ranked=[self._taxonomy.names[label] for label in self._taxonomy.ranked],
            colours=[red << 16 | green << 8 | blue for red, green, blue in (item.colour for item in classes)],
            grid=types_pb2.Size(height=grid.height, width=grid.width),
            replays=map(encoding.replay_proto, behind),
        )


def _cutting(request: pb.CutCandidatesRequest | pb.DiffCandidatesRequest) -> Cutting:
    return Cutting(
        encoding.images(request.filter),
        _per_ranking(request.per_ranking),
        near=not request.keep_near_duplicates,
        allow_incomplete=request.allow_incomplete,
    )


def _per_ranking(asked: int) -> int:
    if asked > MAX_PER_RANKING:
        raise InvalidInput(f"per_ranking must be 1..{MAX_PER_RANKING}, got {asked}", field="per_ranking")
    return asked or 25


def _which(key: pb.RankingKey) -> Which:
    if not key.class_name:
        raise InvalidInput("a ranking is of one class: give class_name", field="key.class_name")
    return encoding.which(key.target, key.competitor, key.defender, key.class_name)


def _question(request: pb.ListRankingEntriesRequest) -> str:
    """A mark of everything that is asked for but the page."""
    asked = pb.ListRankingEntriesRequest()
    asked.CopyFrom(request)
    asked.ClearField("page_token")
    asked.ClearField("page_size")
    return hashlib.sha256(asked.SerializeToString(deterministic=True)).hexdigest()[:16]
