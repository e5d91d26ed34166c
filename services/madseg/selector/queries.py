"""What the rankings answer, each from one snapshot. Transport-neutral: `grpc_api` encodes the results."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from madseg.core.candidates import BY_DISCREPANCY, Candidate, Order, Strategy, cut
from madseg.core.errors import NotFound, NotReady
from madseg.core.messages import Defender, VersionRef
from madseg.core.ranking import NEAR, Entry, Ranked, RankingKey, collapse
from madseg.ports import Database
from madseg.selector.competing import compared, competed
from madseg.selector.contests import Progress, State, chosen, met_by_all, progress, tallies
from madseg.selector.criteria import Criteria
from madseg.selector.enter import UNIT
from madseg.selector.layout import Ranking, load_layout
from madseg.selector.offsets import revision, standing
from madseg.selector.places import Places, places
from madseg.selector.sampling import sampled
from madseg.selector.tables import RANKING_TALLIES
from madseg.selector.walk import EVERY_IMAGE, Beyond, ImageFilter, Standing, beyond, walk


@dataclass(frozen=True, slots=True)
class Which:
    """Which contests, rankings or ranking a query means. None and "" leave open."""

    target: VersionRef | None = None
    target_model: str = ""
    competitor: VersionRef | None = None
    competitor_model: str = ""
    defender: Defender | None = None
    class_name: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """One line per ranking; discrepancies in [0, 1], `top` None where the ranking is empty."""

    key: RankingKey
    images: int
    eligible: int
    mean_discrepancy: float
    top: float | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries of a ranking in rank order. `more` says that others follow."""

    ranked: list[Ranked]
    standings: dict[str, Standing]
    more: bool
    revision: int
    contest: Progress


@dataclass(frozen=True, slots=True)
class Cut:
    """A candidate set as a snapshot gave it, before it is stored."""

    candidates: list[Candidate]
    contests: list[Progress]
    offsets: dict[int, int]
    order: Order = BY_DISCREPANCY


@dataclass(frozen=True, slots=True)
class Placed:
    """Where images would stand in the contests of a target, and ids that nothing is known of."""

    target: VersionRef
    places: list[Places]
    unknown: list[str]


class Queries:
    """Answers over a database. Thread-safe.

    `past` is told of rankings whose leaders didn't suffice.
    """

    def __init__(
        self,
        database: Database,
        topic: str,
        criteria: Criteria,
        near: int = NEAR,
        past: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._database, self._topic, self.criteria, self._near, self._past = database, topic, criteria, near, past

    def contests(self) -> list[Progress]:
        """Every contest, newest target version first."""
        with self._database.snapshot() as tx:
            return progress(load_layout(tx, self.criteria), tallies(tx))

    def summaries(self, which: Which) -> list[Summary]:
        """One line per ranking, in order of competitor, defender and class."""
        with self._database.snapshot() as tx:
            rankings = [ranking for item in self._chosen(tx, which) for ranking in _rankings(item, which)]
            label = self.criteria.taxonomy.label(which.class_name) if which.class_name else None
            rankings = [ranking for ranking in rankings if label in (None, ranking.key.label)]
            sums = _sums(tx)
            return [self._summary(tx, ranking, *sums.get(ranking.id, (0, 0, 0))) for ranking in rankings]

    def page(
        self, which: Which, images: ImageFilter, size: int, after: tuple[float, str] | None = None, near: bool = True
    ) -> Page:
        """Up to `size` entries of one ranking behind the order key `after`, near-duplicates collapsed if `near`.

        Walks from the top, as who stands behind whom depends on everything before: costs the page's depth.
        """
        with self._database.snapshot() as tx:
            item, ranking = self._one(tx, which)
            standings: dict[str, Standing] = {}
            walked = _noted(self._walk(tx, ranking, images), standings)
            places = collapse(walked, self._near if near else -1)
            found: list[Ranked] = []
            for place in places:
                if after is None or place.entry.order > after:
                    if len(found) == size:
                        return Page(found, standings, True, revision(tx), item)
                    found.append(place)
            return Page(found, standings, False, revision(tx), item)

    def cut(
        self,
        which: Which,
        images: ImageFilter,
        per_ranking: int,
        *,
        near: bool,
        allow_incomplete: bool,
        order: Order = BY_DISCREPANCY,
    ) -> Cut:
        """The candidate set of the chosen contests, or of the contestants of an order. Raises as `cuts` does.

        Raises:
            NotFound: an unknown contestant.
            InvalidInput: by entropy, and the target has none; too many images for a competition.
        """
        if order.contestants:
            return self._competition(order, images, per_ranking, self._near if near else -1)
        if order.strategy is Strategy.DISCREPANCY:
            (made,) = self.cuts([which], images, per_ranking, near=near, allow_incomplete=allow_incomplete)
            return made
        with self._database.snapshot() as tx:
            contests = self._complete(tx, [which], allow_incomplete=allow_incomplete)[0]
            pixels = self.criteria.grid.pixels
            found = sampled(tx, contests, images, order, pixels, self._near if near else -1)
            return Cut(found, contests, standing(tx, self._topic), order)

    def cuts(
        self, targets: Sequence[Which], images: ImageFilter, per_ranking: int, *, near: bool, allow_incomplete: bool
    ) -> list[Cut]:
        """The candidate sets of some targets, from one snapshot, over the competitors that all of them have met.

        Raises:
            NotFound: no contest of a target, or no competitor that all of them have met.
            NotReady: a contest is still filling, and that isn't allowed; the message says what it lacks.
        """
        with self._database.snapshot() as tx:
            chosen = self._complete(tx, targets, allow_incomplete=allow_incomplete)
            return [self._cut(tx, contests, images, per_ranking, self._near if near else -1) for contests in chosen]

    def places(self, which: Which, image_ids: Sequence[str], per_ranking: int) -> Placed:
        """Where images would stand in the rankings of the chosen contests, also those that are never mined.

        Raises:
            NotFound: no contest of the target.
            InvalidInput: no id of an image.
        """
        with self._database.snapshot() as tx:
            contests, pixels = self._chosen(tx, which), self.criteria.grid.pixels

            def entries(ranking: Ranking) -> Iterator[Entry]:
                return _plain(self._walk(tx, ranking, EVERY_IMAGE))

            found, unknown = places(tx, contests, image_ids, per_ranking, pixels, self._near, entries)
            return Placed(contests[0].contest.ref.target, found, unknown)

    def _complete(self, tx: Connection, targets: Sequence[Which], *, allow_incomplete: bool) -> list[list[Progress]]:
        chosen = met_by_all([self._chosen(tx, which) for which in targets])
        lacking = [item.lacks for contests in chosen for item in contests if item.state is State.FILLING]
        if lacking and not allow_incomplete:
            raise NotReady(
                f"not complete: {'; '.join(lacking)}. Wait, queue what is missing with `madseg reconcile`, "
                "or allow an incomplete cut"
            )
        return chosen

    def _competition(self, order: Order, images: ImageFilter, per_ranking: int, near: int) -> Cut:
        with self._database.snapshot() as tx:
            layout, offsets = load_layout(tx, self.criteria), standing(tx, self._topic)
            found = compared(tx, self.criteria, layout, order.contestants, images)
        # Nothing more is read: a snapshot that stood still meanwhile would be ended by the server.
        return Cut(competed(found, self.criteria, order.contestants, per_ranking, near), [], offsets, order)

    def _cut(self, tx: Connection, contests: list[Progress], images: ImageFilter, per_ranking: int, near: int) -> Cut:
        rankings = {}
        for item in contests:
            further = beyond(tx, item.contest.all_rankings(), self.criteria.grid.pixels, images)
            for ranking in item.contest.all_rankings():
                rankings[ranking.key] = _plain(self._walk(tx, ranking, images, further))
        return Cut(cut(rankings, per_ranking, near), contests, standing(tx, self._topic))

    def revision(self) -> int:
        """A number that grows with every change of what is answered here."""
        with self._database.snapshot() as tx:
            return revision(tx)

    def _walk(
        self, tx: Connection, ranking: Ranking, images: ImageFilter, further: Beyond | None = None
    ) -> Iterator[Standing]:
        past = self._past if images == EVERY_IMAGE else lambda _: None
        return walk(tx, ranking, self.criteria.grid.pixels, images, past, further)

    def _chosen(self, tx: Connection, which: Which) -> list[Progress]:
        layout = load_layout(tx, self.criteria)
        return chosen(layout, tallies(tx), which.target, which.target_model)

    def _one(self, tx: Connection, which: Which) -> tuple[Progress, Ranking]:
        label = self.criteria.taxonomy.label(which.class_name)
        answering = self._chosen(tx, which)[::-1]  # a competitor's newest version stood last
        answering.sort(key=lambda item: item.state is not State.COMPLETE)
        for item in answering:
            for ranking in _rankings(item, which):
                if ranking.key.label == label:
                    return item, ranking
        competitor = which.competitor or which.competitor_model or "any competitor"
        raise NotFound(f"no ranking of class {which.class_name!r} against {competitor}")

    def _summary(self, tx: Connection, ranking: Ranking, images: int, eligible: int, total: int) -> Summary:
        first = next(self._walk(tx, ranking, EVERY_IMAGE), None)
        mean = total / UNIT / images if images else 0.0
        return Summary(ranking.key, images, eligible, mean, None if first is None else first.entry.discrepancy)


def _rankings(item: Progress, which: Which) -> Iterable[Ranking]:
    ref = item.contest.ref.competitor
    if which.competitor not in (None, ref) or which.competitor_model not in ("", ref.model):
        return []
    return [ranking for ranking in item.contest.all_rankings() if which.defender in (None, ranking.key.defender)]


def _sums(tx: Connection) -> dict[int, tuple[int, int, int]]:
    table = RANKING_TALLIES.c
    rows = tx.execute(
        select(
            table.ranking_id, func.sum(table.images), func.sum(table.eligible), func.sum(table.discrepancy_sum)
        ).group_by(table.ranking_id)
    )
    return {number: (int(images), int(eligible), int(total)) for number, images, eligible, total in rows}


def _plain(walked: Iterator[Standing]) -> Iterator[Entry]:
    return (found.entry for found in walked)


def _noted(walked: Iterator[Standing], standings: dict[str, Standing]) -> Iterator[Entry]:
    for found in walked:
        standings[found.entry.image_id] = found
        yield found.entry
