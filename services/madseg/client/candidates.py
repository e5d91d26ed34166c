"""Cutting candidate sets, and keeping images out of them."""

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence

from madseg.client.connection import Connection
from madseg.client.decode.common import from_filter, from_version
from madseg.client.decode.fill import fill
from madseg.client.decode.selector import from_strategy, to_candidate, to_candidate_set, to_diff, to_places
from madseg.client.pages import over_pages
from madseg.client.values.candidates import (
    Candidate,
    CandidateDiff,
    CandidatePage,
    CandidateSet,
    CandidateSetPage,
    CutStrategy,
    Places,
)
from madseg.client.values.common import ImageFilter, Version
from madseg.v1 import selector_pb2
from madseg.v1.selector_pb2_grpc import SelectorServiceStub

_SET_ID = re.compile(r"[0-9a-f]{32}")

CUT_SECONDS = 300.0
"""Default deadline of a cut: it reads all rankings in one transaction."""


class CandidateCalls:
    """The calls of SelectorService that cut candidate sets and change what may be in them."""

    _selector: Connection

    def cut_candidates(
        self,
        *,
        per_ranking: int = 25,
        target: str | Version | None = None,
        images: ImageFilter | None = None,
        allow_incomplete: bool = False,
        keep_near_duplicates: bool = False,
        idempotency_key: str = "",
        note: str = "",
        strategy: str | CutStrategy = CutStrategy.DISCREPANCY,
        size: int = 0,
        grouped: bool = False,
        seed: int = 0,
        contestants: Iterable[str | Version] = (),
        timeout: float = CUT_SECONDS,
    ) -> CandidateSet:
        """Cuts the candidate set M: the first `per_ranking` images per competitor, defender and class, in one
        transaction. A second call with the same `idempotency_key` answers with the set that the first one cut; its
        `note` alone may be another.

        By the `strategy` "entropy" or "random" it has `size` images: of all, or with `grouped` through the subgroups
        and the content constraint of the rankings. `contestants`, 2 to 10 versions `"name/3"`, compete with each other,
        each pair in both roles, in place of the target with its competitors.

        Raises:
            AlreadyExists: the key came with other arguments before.
            NotReady: a contest is still filling and `allow_incomplete` is not set; the message says what it lacks.
            NotFound: there is no such target, or no such contestant.
            InvalidArgument: values that don't go together, or a target without entropies.
        """
        request = fill(
            selector_pb2.CutCandidatesRequest,
            per_ranking=per_ranking,
            target=from_version(target),
            filter=from_filter(images),
            allow_incomplete=allow_incomplete,
            idempotency_key=idempotency_key or uuid.uuid4().hex,
            keep_near_duplicates=keep_near_duplicates,
            note=note,
            strategy=from_strategy(strategy),
            size=size,
            grouped=grouped,
            seed=seed,
            contestants=[named for item in contestants if (named := from_version(item)) is not None],
        )
        answer = self._selector.call(self._candidate_stub().CutCandidates, request, timeout)
        return to_candidate_set(answer.candidate_set)

    def candidate_sets(self, *, page_size: int = 100) -> Iterator[CandidateSet]:
        """The candidate sets cut so far, newest first, a page at a time."""

        def fetch(token: str) -> tuple[Sequence[CandidateSet], str]:
            page = self.candidate_set_page(page_size=page_size, page_token=token)
            return page.candidate_sets, page.next_page_token

        return over_pages(fetch)

    def candidate_set_page(self, *, page_size: int = 100, page_token: str = "") -> CandidateSetPage:
        """One page of candidate sets, newest first."""
        request = fill(selector_pb2.ListCandidateSetsRequest, page_size=page_size, page_token=page_token)
        answer = self._selector.call(self._candidate_stub().ListCandidateSets, request)
        return CandidateSetPage(tuple(map(to_candidate_set, answer.candidate_sets)), answer.next_page_token)

    def candidates(self, candidate_set_id: str = "", *, page_size: int = 100) -> Iterator[Candidate]:
        """The images of a candidate set (default: the newest) in global rank order, a page at a time.

        Raises:
            NotFound: there is no such set, or none at all.
        """
        chosen = candidate_set_id

        def fetch(token: str) -> tuple[Sequence[Candidate], str]:
            nonlocal chosen
            page = self.candidate_page(chosen, page_size=page_size, page_token=token)
            # A set that is cut between two pages must not become "the newest" half-way.
            chosen = page.candidate_set.id
            return page.candidates, page.next_page_token

        return over_pages(fetch)

    def candidate_page(
        self, candidate_set_id: str = "", *, page_size: int = 100, page_token: str = ""
    ) -> CandidatePage:
        """One page of a candidate set (default: the newest), with the set itself.

        Raises:
            NotFound: there is no such set, or none at all.
        """
        request = fill(
            selector_pb2.ListCandidatesRequest,
            candidate_set_id=candidate_set_id,
            page_size=page_size,
            page_token=page_token,
        )
        answer = self._selector.call(self._candidate_stub().ListCandidates, request)
        found = tuple(map(to_candidate, answer.candidates))
        return CandidatePage(found, answer.next_page_token, to_candidate_set(answer.candidate_set))

    def diff_candidates(
        self,
        old: str | Version,
        new: str | Version,
        *,
        per_ranking: int = 25,
        images: ImageFilter | None = None,
        allow_incomplete: bool = False,
        keep_near_duplicates: bool = False,
        timeout: float = CUT_SECONDS,
    ) -> CandidateDiff:
        """What entered and left M. A side is a target, `"name/3"`, whose M is cut now with the options given and not
        stored, or the id of a candidate set.

        Raises:
            NotFound: there is no such set or contest, or no competitor that both targets have met.
            NotReady: a contest is still filling and `allow_incomplete` is not set.
        """
        request = fill(
            selector_pb2.DiffCandidatesRequest,
            old=_side(old),
            new=_side(new),
            per_ranking=per_ranking,
            filter=from_filter(images),
            allow_incomplete=allow_incomplete,
            keep_near_duplicates=keep_near_duplicates,
        )
        return to_diff(self._selector.call(self._candidate_stub().DiffCandidates, request, timeout))

    def places(self, image_ids: Iterable[str], *, target: str | Version | None = None, per_ranking: int = 25) -> Places:
        """Where images would stand in the rankings of a target's contests, also those of the random lane; at most 1000
        ids. `per_ranking` is how many of each ranking would be mined.

        Raises:
            NotFound: there is no contest of the target.
        """
        request = fill(
            selector_pb2.PlaceImagesRequest, target=from_version(target), image_ids=image_ids, per_ranking=per_ranking
        )
        return to_places(self._selector.call(self._candidate_stub().PlaceImages, request, CUT_SECONDS))

    def exclude(self, image_ids: Iterable[str], reason: str) -> int:
        """Keeps images out of rankings and candidate sets until restored; how many weren't for this reason before.

        `reason` is "veto", "training" or a word of your own; at most 1000 ids. One image may have several reasons.
        """
        request = fill(selector_pb2.ExcludeImagesRequest, image_ids=image_ids, reason=reason)
        return self._selector.call(self._candidate_stub().ExcludeImages, request).excluded

    def restore(self, image_ids: Iterable[str], reason: str) -> int:
        """Takes exclusions for this reason back; how many there were. At most 1000 ids."""
        request = fill(selector_pb2.RestoreImagesRequest, image_ids=image_ids, reason=reason)
        return self._selector.call(self._candidate_stub().RestoreImages, request).restored

    def _candidate_stub(self) -> SelectorServiceStub:
        return self._selector.stub(SelectorServiceStub)


def _side(side: str | Version) -> selector_pb2.DiffSide:
    """A candidate set's id is 32 hexadecimal digits; whatever else is a target."""
    if isinstance(side, str) and _SET_ID.fullmatch(side):
        return fill(selector_pb2.DiffSide, candidate_set_id=side)
    return fill(selector_pb2.DiffSide, target=from_version(side))
