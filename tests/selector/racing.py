"""Two selectors in each other's way, made by hand."""

import threading
from collections.abc import Callable

import numpy as np
from sqlalchemy import Connection, insert

from madseg.core.discrepancy import Compared
from madseg.ports import Database
from madseg.selector.enter import Entering, Entrant
from madseg.selector.layout import Ranking, load_layout
from madseg.selector.tables import IMAGES
from tests.pipeline.running import until
from tests.selector import streams
from tests.selector.test_exactness import Selector, criteria
from tests.selector.working import finish
from tests.servers import postgres

CAPACITY = 2


class Beside:
    """Something done in a thread, which has to wait for what the test is at; `end` returns when it is through."""

    def __init__(self, url: str, act: Callable[[], object]) -> None:
        self._act, self._failed = act, list[BaseException]()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        until(lambda: postgres.waiting(url) == 1 or not self._thread.is_alive())
        assert self._thread.is_alive(), f"it didn't wait: {self._failed}"

    def end(self) -> None:
        """Raises what it raised."""
        self._thread.join()
        for error in self._failed:
            raise error

    def _run(self) -> None:
        try:
            self._act()
        except BaseException as error:  # noqa: BLE001 (raised by `end`)
            self._failed.append(error)


def competing(database: Database, of: float = 0.0) -> Selector:
    """A selector that knows its contests."""
    selector = Selector(database, criteria(min_class_share=of), 2, CAPACITY)
    selector.roles.handle(streams.model_records())
    finish(selector)
    return selector


def first_ranking(tx: Connection) -> Ranking:
    """The one that these tests fill."""
    return min(load_layout(tx, criteria()).rankings().values(), key=lambda item: item.id)


def enter(tx: Connection, entries: dict[int, float], floor: tuple[float, bytes] | None) -> Entering:
    """Images (number to discrepancy) enter the first ranking, by a selector that knows this floor of it."""
    ranking = first_ranking(tx)
    ranking.floor = floor
    areas = np.zeros((2, len(entries), len(streams.TAXONOMY)), np.int32)
    areas[list(ranking.contest.rankings).index(ranking.key.defender), :, ranking.key.label] = 1
    entering = Entering(tx, 0, criteria().grid.pixels)
    images = [Entrant(number, image(number), False) for number in entries]
    entering.enter(ranking.contest, images, Compared(np.array(list(entries.values())), *areas))
    entering.write()
    rest = {"perceptual_hash": None, "source": "", "captured_at": 0, "tags": "", "stored": "", "failed": ""}
    tx.execute(insert(IMAGES), [{**rest, "number": n, "image_id": image(n), "random_lane": False} for n in entries])
    return entering


def image(number: int) -> bytes:
    """Its id."""
    return bytes([number]) * 16


def ranked(selector: Selector) -> list[float]:
    """The discrepancies in the first ranking, read."""
    with selector.database.snapshot() as tx:
        key = first_ranking(tx).key
    return [found for found, _ in selector.rankings()[key.competitor.model, key.defender.value, key.label]]
