"""Runs that can't go on for now, as a neighbour or the launcher is away: why is kept with them until they get on."""

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from madseg.core.errors import Unavailable
from madseg.finetune import runs
from madseg.finetune.encoding import run_proto
from madseg.finetune.tables import RUNS
from tests.finetune.service.desk import Desk
from tests.finetune.service.world import image

AWAY = "labelling does not answer"


def changed(desk: Desk) -> bool:
    """Whether turns, a second apart, change the run in its row."""
    before = desk.run()
    for _ in range(3):
        desk.wait(1)
        desk.turn()
    return desk.run() != before


def test_a_run_says_what_it_waits_for_until_it_gets_on(desk: Desk) -> None:
    """It is written down once, and only the log goes on saying it."""
    desk.start()
    desk.world.around.away = True
    desk.wait(1)
    desk.turn()
    found = desk.run()
    assert (found.state, found.waits_for, found.changed_at) == (runs.PREPARING, AWAY, desk.now)
    with capture_logs() as logs:
        assert not changed(desk)
    assert [line["reason"] for line in logs if line["event"] == "run_waits"] == [AWAY] * 3
    desk.world.around.away = False
    desk.turn()
    assert (desk.run().state, desk.run().waits_for, desk.run().changed_at) == (runs.TRAINING, "", desk.now)


def test_what_a_run_waits_for_is_kept_over_a_restart(desk: Desk) -> None:
    """The next service adds nothing, and clears it when the run gets on."""
    desk.start()
    desk.world.around.away = True
    desk.turn()
    desk.supervisor.stop_soon()
    desk.supervisor = desk.opened()
    assert desk.run().waits_for == AWAY
    assert not changed(desk)
    desk.world.around.away = False
    desk.turn()
    assert (desk.run().state, desk.run().waits_for) == (runs.TRAINING, "")


def test_a_defect_that_lasts_is_written_down_once(desk: Desk) -> None:
    """It calls itself by another number each time; another reason takes its place."""
    desk.start()
    desk.world.around.broken = True
    desk.turn()
    assert desk.run().waits_for.startswith("labelling: internal error ")
    assert not changed(desk)
    desk.world.around.away = True
    desk.turn()
    assert desk.run().waits_for == AWAY


def test_a_preparation_that_gets_further_waits_no_more(desk: Desk) -> None:
    """It says so before it is through; one that comes to a stand at the same picture waits all the while."""
    broken, said = {image(3)}, list[str]()

    def asked(image_id: str) -> None:
        said.append(desk.run().waits_for)
        if image_id in broken:
            raise Unavailable(f"no {image_id}")

    desk.start()
    desk.world.around.asked = asked
    desk.supervisor = desk.opened(look_seconds=0.0)
    desk.turn()
    assert said == [""] * 7  # three of T, then of S
    desk.turn()
    assert said[7:] == [f"no {image(3)}"] * 7
    broken.add(image(4))
    broken.remove(image(3))
    desk.turn()
    assert said[14:] == [*[f"no {image(3)}"] * 7, ""]
    assert desk.run().waits_for == f"no {image(4)}"
    broken.clear()
    desk.turn()
    assert (said[-1], desk.run().state, desk.run().waits_for) == ("", runs.TRAINING, "")


def test_a_launcher_that_is_away_is_told_too(desk: Desk) -> None:
    """While training goes on, before it is launched again, and where it is to be ended."""
    desk.start()
    desk.turn(2)
    desk.launcher.away = True
    desk.turn()
    assert desk.run().waits_for == "the launcher can't be asked"
    assert not changed(desk)
    desk.launcher.away = False
    desk.turn()
    assert desk.run().waits_for == ""
    assert not changed(desk)
    desk.launcher.die("a1")
    desk.launcher.away = True
    desk.turn()
    desk.launcher.away = False
    desk.turn()
    assert (desk.run().waits_for, desk.run().launches) == ("", 2)
    desk.launcher.away = True
    desk.turn()
    assert runs.cancel(desk.database, "a1", desk.now).waits_for == ""
    desk.turn()
    assert run_proto(desk.run(), None).waits_for == "the launcher can't be asked"
    desk.launcher.away = False
    desk.turn()
    assert (desk.run().stopping, desk.run().waits_for) == (False, "")


def test_a_release_says_what_it_waits_for(desk: Desk) -> None:
    """Until it is done."""
    desk.start(promote=True)
    desk.turn(2)
    desk.trained()
    desk.turn()
    desk.world.around.away = True
    desk.turn()
    assert (desk.run().state, desk.run().releasing, desk.run().waits_for) == (runs.PASSED, True, AWAY)
    desk.world.around.away = False
    desk.turn()
    assert (desk.run().state, desk.run().waits_for) == (runs.RELEASED, "")


def test_a_run_that_was_cancelled_meanwhile_waits_for_nothing(desk: Desk) -> None:
    """What kept its preparation is nobody's concern any more."""

    def asked(image_id: str) -> None:
        runs.cancel(desk.database, "a1", desk.now)
        raise Unavailable(f"no {image_id}")

    desk.start()
    desk.world.around.asked = asked
    desk.turn()
    assert (desk.run().state, desk.run().waits_for) == (runs.CANCELLED, "")


@pytest.mark.parametrize("left", [None, AWAY])
def test_what_a_release_before_leaves_there_is_not_shown(desk: Desk, left: str | None) -> None:
    """It doesn't know the column: it begins runs without it, and ends them as it was."""
    desk.start()
    with desk.database.write() as tx:
        tx.execute(update(RUNS).values(state=runs.RELEASED, released=2, waits_for=left))
    assert desk.run().waits_for == (left or "")
    assert run_proto(desk.run(), None).waits_for == ""


def test_what_no_database_takes_is_left_out(desk: Desk) -> None:
    """PostgreSQL has no NUL in a text."""

    def asked(_: str) -> None:
        raise Unavailable("it says \0 this")

    desk.start()
    desk.world.around.asked = asked
    desk.turn()
    assert desk.run().waits_for == "it says  this"
    assert not changed(desk)
