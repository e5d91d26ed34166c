"""What raters think of each image, in the order in which S is cut."""

import threading
from bisect import bisect_right
from dataclasses import dataclass

from madseg.core.opinion import half_width
from madseg.core.raters import Fit, fit
from madseg.labelling.scoring import kept
from madseg.labelling.scoring.agreement import Agreement, agreement
from madseg.labelling.scoring.judged import Judged, judged
from madseg.labelling.scoring.standing import Standing
from madseg.ports import Database
from madseg.requests import foreign_token, from_token, token

Place = tuple[int, float, float, str]
"""The order of S; behind it images without a grade, and then those that are vetoed."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """Mean opinion score of an image with what stands beside it; the fields are those of the proto."""

    image_id: str
    mean: float | None
    half_width: float | None
    adjusted: float | None
    grades: int
    abstentions: int
    vetoes: int
    mean_discrepancy: float


@dataclass(frozen=True, slots=True)
class Known:
    """A campaign at a revision: everything said, what it tells of the raters, and the opinions in order."""

    judged: Judged
    fit: Fit
    places: tuple[Place, ...]
    opinions: tuple[Opinion, ...]


class Opinions:
    """Opinions of campaigns. What was worked out last is kept until something happens: pages follow each other."""

    def __init__(self, database: Database) -> None:
        self._database, self._lock = database, threading.Lock()
        self._last: Known | None = None

    def page(self, campaign_id: str, size: int, page_token: str) -> tuple[list[Opinion], str]:
        """Up to `size` opinions behind those that a token ended with, and the token of the next page, "" at the end.

        Raises:
            NotFound: no such campaign.
            InvalidInput: no token of this method.
        """
        asked, after = _after(from_token(page_token), campaign_id)
        found = self._known(asked)
        first = 0 if after is None else bisect_right(found.places, after)
        more = first + size < len(found.places)
        last = token(campaign=found.judged.kept.id, after=_packed(found.places[first + size - 1])) if more else ""
        return list(found.opinions[first : first + size]), last

    def agreement(self, campaign_id: str) -> Agreement:
        """How well the raters of a campaign agree.

        Raises:
            NotFound: no such campaign.
        """
        found = self._known(campaign_id)
        return agreement(found.judged, found.fit)

    def _known(self, campaign_id: str) -> Known:
        with self._database.snapshot() as tx:
            found = kept.campaign(tx, campaign_id)
            with self._lock:
                last = self._last
            if last is not None and (last.judged.kept.id, last.judged.kept.revision) == (found.id, found.revision):
                return last
            said = judged(tx, found)
        made = _worked_out(said)
        with self._lock:
            self._last = made
        return made


def _worked_out(said: Judged) -> Known:
    told = fit(said.shared())
    items = sorted(said.items, key=_place)
    return Known(said, told, tuple(map(_place, items)), tuple(_opinion(said, told, item) for item in items))


def _place(item: Standing) -> Place:
    mean = float("inf") if item.mean is None else item.mean
    return (2 if item.vetoes else 0 if item.grades else 1, mean, -item.mean_discrepancy, item.image_id)


def _opinion(said: Judged, told: Fit, item: Standing) -> Opinion:
    given = said.first.get(item.position, {})
    return Opinion(
        item.image_id,
        item.mean,
        half_width(list(given.values())),
        told.adjusted(given),
        item.grades,
        item.abstentions,
        item.vetoes,
        item.mean_discrepancy,
    )


def _packed(place: Place) -> list[object]:
    return [place[0], place[1].hex(), place[2].hex(), place[3]]


def _after(values: dict[str, object], campaign_id: str) -> tuple[str, Place | None]:
    """The campaign and the place that a token names.

    Raises:
        InvalidInput: it is another list's, or of another campaign.
    """
    match values:
        case _ if not values:
            return campaign_id, None
        case {"campaign": str(found), "after": [int(group), str(mean), str(discrepancy), str(image)]}:
            if campaign_id in ("", found):
                try:
                    return found, (group, float.fromhex(mean), float.fromhex(discrepancy), image)
                except (ValueError, OverflowError) as error:
                    raise foreign_token() from error
    raise foreign_token()
