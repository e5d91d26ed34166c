"""Reading contests, rankings and the reasons behind a place."""

from collections.abc import Iterable, Iterator, Sequence

from madseg.client.connection import Connection, seconds
from madseg.client.decode.common import from_defender, from_filter, from_version, ranking_key, to_contest, to_version
from madseg.client.decode.fill import fill
from madseg.client.decode.selector import (
    to_entry,
    to_explanation,
    to_page,
    to_selector_status,
    to_summary,
)
from madseg.client.pages import over_pages
from madseg.client.values.common import Contest, Defender, ImageFilter, Version
from madseg.client.values.rankings import (
    Explanation,
    PredictionsRequested,
    RankingEntry,
    RankingPage,
    RankingSummary,
    SelectorStatus,
    StoredMap,
)
from madseg.v1 import selector_pb2
from madseg.v1.selector_pb2_grpc import SelectorServiceStub


class RankingCalls:
    """The calls of SelectorService that read rankings.

    A version is written `"name"` (the newest), `"name/3"` or `Version("name", 3)`.
    """

    _selector: Connection

    def contests(self) -> list[Contest]:
        """The contests and how far they have come, newest target version first."""
        request = selector_pb2.ListContestsRequest()
        return [to_contest(item) for item in self._selector.call(self._selector_stub().ListContests, request).contests]

    def rankings(
        self,
        *,
        target: str | Version | None = None,
        competitor: str | Version | None = None,
        defender: str | Defender | None = None,
        class_name: str = "",
    ) -> list[RankingSummary]:
        """One line per ranking, in order of competitor, defender, class; what is left out doesn't filter."""
        request = fill(
            selector_pb2.ListRankingsRequest,
            target=from_version(target),
            competitor=from_version(competitor),
            defender=from_defender(defender),
            class_name=class_name,
        )
        return [to_summary(item) for item in self._selector.call(self._selector_stub().ListRankings, request).rankings]

    def ranking(
        self,
        target: str | Version,
        competitor: str | Version,
        defender: str | Defender,
        class_name: str,
        *,
        images: ImageFilter | None = None,
        keep_near_duplicates: bool = False,
        page_size: int = 100,
    ) -> Iterator[RankingEntry]:
        """The entries of one ranking, best first; pages are fetched as they are needed."""

        def fetch(token: str) -> tuple[Sequence[RankingEntry], str]:
            page = self.ranking_page(
                target,
                competitor,
                defender,
                class_name,
                images=images,
                keep_near_duplicates=keep_near_duplicates,
                page_size=page_size,
                page_token=token,
            )
            return page.entries, page.next_page_token

        return over_pages(fetch)

    def ranking_page(
        self,
        target: str | Version,
        competitor: str | Version,
        defender: str | Defender,
        class_name: str,
        *,
        images: ImageFilter | None = None,
        keep_near_duplicates: bool = False,
        page_size: int = 25,
        page_token: str = "",
    ) -> RankingPage:
        """One page of a ranking, with the contest that answered and the revision it stands on."""
        request = fill(
            selector_pb2.ListRankingEntriesRequest,
            key=ranking_key(target, competitor, defender, class_name),
            filter=from_filter(images),
            page_size=page_size,
            page_token=page_token,
            keep_near_duplicates=keep_near_duplicates,
        )
        return to_page(self._selector.call(self._selector_stub().ListRankingEntries, request))

    def watch(
        self,
        target: str | Version,
        competitor: str | Version,
        defender: str | Defender,
        class_name: str,
        *,
        top: int = 25,
        images: ImageFilter | None = None,
        timeout: float | None = None,
    ) -> Iterator[RankingPage]:
        """The top of one ranking now, and again whenever it changes, with the contest that answers: another one where
        no version is named and a newer one has taken its place. Ends after `timeout` seconds, if given, with
        DeadlineExceeded; leaving the loop ends the call.
        """
        key = ranking_key(target, competitor, defender, class_name)
        request = fill(selector_pb2.WatchRankingRequest, key=key, filter=from_filter(images), top=top)
        deadline = seconds(timeout)
        for answer in self._selector.stream(lambda: self._selector_stub().WatchRanking(request, timeout=deadline)):
            contest = to_contest(answer.contest) if answer.HasField("contest") else None
            yield RankingPage(tuple(map(to_entry, answer.entries)), answer.revision, contest)

    def matrix(self, target: str | Version | None = None) -> list[RankingSummary]:
        """Mean discrepancy per competitor, defender and ranked class: one cell each."""
        request = fill(selector_pb2.GetDiscrepancyMatrixRequest, target=from_version(target))
        return [
            to_summary(item) for item in self._selector.call(self._selector_stub().GetDiscrepancyMatrix, request).cells
        ]

    def explain(self, image_id: str) -> Explanation:
        """Why an image is ranked where it is, or why it is not.

        Raises:
            NotFound: no version has said anything of it.
        """
        request = fill(selector_pb2.ExplainImageRequest, image_id=image_id)
        return to_explanation(self._selector.call(self._selector_stub().ExplainImage, request))

    def label_maps(self, image_id: str) -> list[StoredMap]:
        """The stored label maps of an image in their wire form, one per version that has one."""
        request = fill(selector_pb2.GetLabelMapsRequest, image_id=image_id)
        answer = self._selector.call(self._selector_stub().GetLabelMaps, request)
        return [StoredMap(to_version(item.version), item.label_map) for item in answer.maps]

    def request_predictions(self, image_ids: Iterable[str], *, include_failed: bool = False) -> PredictionsRequested:
        """Has the versions asked that these images lack, with `include_failed` also those that failed; at most 1000
        ids. The predictions come as they are made."""
        request = fill(selector_pb2.RequestPredictionsRequest, image_ids=image_ids, include_failed=include_failed)
        answer = self._selector.call(self._selector_stub().RequestPredictions, request)
        return PredictionsRequested(answer.requested, tuple(answer.unknown))

    def list_missing(self, *, include_failed: bool = False, page_size: int = 1000) -> Iterator[str]:
        """Ids of images that lack a prediction of a version that can be asked; on request also those that failed."""

        def fetch(token: str) -> tuple[Sequence[str], str]:
            kind = selector_pb2.ListMissingRequest
            request = fill(kind, page_size=page_size, page_token=token, include_failed=include_failed)
            answer = self._selector.call(self._selector_stub().ListMissing, request)
            return answer.image_ids, answer.next_page_token

        return over_pages(fetch)

    def find_unknown(self, image_ids: Iterable[str]) -> tuple[str, ...]:
        """Which of these images the selector has never had a prediction or a failure of, in the order asked.

        At most 1000 ids. Forgotten images are left out.
        """
        request = fill(selector_pb2.FindUnknownImagesRequest, image_ids=image_ids)
        return tuple(self._selector.call(self._selector_stub().FindUnknownImages, request).image_ids)

    def selector_status(self) -> SelectorStatus:
        """Where the selector stands in the stream, counts, and the taxonomy it works with."""
        return to_selector_status(
            self._selector.call(self._selector_stub().GetSelectorStatus, selector_pb2.GetSelectorStatusRequest())
        )

    def _selector_stub(self) -> SelectorServiceStub:
        return self._selector.stub(SelectorServiceStub)
