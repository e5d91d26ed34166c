"""What the selector is told, by one process or by several at once."""

import threading
from collections.abc import Sequence

from madseg.labelling.scoring import errands
from madseg.labelling.scoring.errands import Act, Errands, Reason
from madseg.ports import Database
from tests.labelling.fakes import FakeNeighbours, image

ONE = bytes.fromhex(image(1))


class Slow(FakeNeighbours):
    """A selector to which the first exclusion comes late: after all that a test does meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way, self.go_on = threading.Event(), threading.Event()

    def exclude(self, image_ids: Sequence[str], reason: str) -> None:
        if not self.under_way.is_set():
            self.under_way.set()
            assert self.go_on.wait(60)
        super().exclude(image_ids, reason)


def test_one_that_was_overtaken_has_the_last_word_said_again(database: Database) -> None:
    """A process hangs on an exclusion while another carries out that and the restoration after it."""
    selector = Slow()
    first, second = (Errands(database, selector, lambda: 1) for _ in range(2))
    with database.write() as tx:
        errands.ask(tx, [ONE], Act.EXCLUDE, Reason.VETO, 1)
    hanging = threading.Thread(target=first)
    hanging.start()
    assert selector.under_way.wait(60)
    second()
    with database.write() as tx:
        errands.ask(tx, [ONE], Act.RESTORE, Reason.VETO, 2)
    second()
    selector.go_on.set()
    hanging.join(60)
    assert selector.excluded == {(image(1), "veto")}
    second()
    assert selector.excluded == set()
    with database.snapshot() as tx:
        assert errands.waiting(tx) == 0


def test_what_is_told_in_order_is_told_once(database: Database) -> None:
    """Nothing is said again where nobody was overtaken."""
    selector = FakeNeighbours()
    run = Errands(database, selector, lambda: 1)
    for act in (Act.EXCLUDE, Act.RESTORE, Act.EXCLUDE):
        with database.write() as tx:
            errands.ask(tx, [ONE], act, Reason.VETO, 1)
            errands.ask(tx, [ONE], act, Reason.TRAINING, 1)
    for _ in range(3):
        run()
    assert [act for act, _, why in selector.told if why == "veto"] == [Act.EXCLUDE, Act.RESTORE, Act.EXCLUDE]
    assert len(selector.told) == 6
