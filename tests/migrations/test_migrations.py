"""Every earlier state of the tables, with rows in it, becomes the present one and goes on."""

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from madseg.adapters.databases import open_database
from madseg.adapters.databases.migrations import migrate, revision
from madseg.core.errors import Conflict, NotReady
from madseg.core.rounds import Outcome, Step
from madseg.finetune import runs
from madseg.finetune.migrations import TABLES as FINETUNE
from madseg.gateway import store
from madseg.gateway.migrations import TABLES as GATEWAY
from madseg.labelling.migrations import TABLES as LABELLING
from madseg.labelling.scoring import campaigns, choosing
from madseg.ports import Database, Tables
from madseg.rounds import policies
from madseg.rounds import rounds as kept_rounds
from madseg.rounds.migrations import TABLES as ROUNDS
from madseg.rounds.standings import standings
from madseg.selector import candidate_sets
from madseg.selector.migrations import TABLES as SELECTOR
from tests.databases import KINDS, empty_database
from tests.labelling.fakes import neighbours
from tests.labelling.scoring.desk import Desk
from tests.migrations import states
from tests.selector import streams
from tests.selector.test_exactness import Selector, criteria, expected_rankings, rules

SERVICES = {tables.service: tables for tables in (GATEWAY, SELECTOR, LABELLING, FINETUNE, ROUNDS)}


def script(tables: Tables) -> ScriptDirectory:
    """A service's revisions."""
    return ScriptDirectory(str(Path(str(sys.modules[tables.migrations].__file__)).parent))


def revisions(tables: Tables) -> list[str]:
    """In the order of their making."""
    return [step.revision for step in script(tables).walk_revisions()][::-1]


EARLIER = [(name, number) for name, tables in SERVICES.items() for number in revisions(tables)]


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where an empty database is."""
    with empty_database(request.param, tmp_path) as found:
        yield found


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """It, open."""
    opened = open_database(url)
    yield opened
    opened.close()


def differences(database: Database, tables: Tables) -> list[object]:
    """What distinguishes the tables there from those the code wants."""
    names = {table.name for table in tables.definition.sorted_tables}

    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or name in names

    with database.write() as connection:
        options = {"include_name": ours, "compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.definition))


def check_gateway(database: Database) -> None:
    """Images and bans are as they were, and a new one comes behind them."""
    with database.snapshot() as tx:
        assert [image for _, image in store.list_images(tx, 0, 99, 10)] == [f"{n:032x}" for n in (0, 2)]
        assert store.counts(tx) == store.Counts(2, 1, 1)
        assert store.unfinished_bans(tx, 10) == [(f"{1:032x}", "asked to")]
        (known,) = store.find_images(tx, [f"{0:032x}"]).values()
    assert known.accepted.image.tags == {"place": "roof"}
    with database.write() as tx:
        store.remove_image(tx, f"{2:032x}")
        tx.execute(text(f"UPDATE gateway_images SET image_id = '{5:032x}' WHERE image_id = '{0:032x}'"))
        assert store.add_image(tx, known)
    with database.snapshot() as tx:
        assert store.list_images(tx, 3, 99, 10) == [(4, f"{0:032x}")]


def check_selector(database: Database) -> None:
    """Rankings and the candidate set are as they were, and images that come later take their places among them."""
    selector = Selector(database, criteria(), 2)
    assert selector.rankings() == states.rankings()
    with database.snapshot() as tx:
        ((known,), _) = candidate_sets.page(tx, 9, "")
        assert (known.size, known.note) == (9, "first")
    more = streams.images(29, 40)
    made = streams.records(streams.events(more, random.Random(1)), 2, [35, 17])
    selector.feed(made, random.Random(2))
    selector.finish_chores()
    added = expected_rankings(more, rules(criteria()))
    expected = {
        key: sorted([*rows, *added[key]], key=lambda row: (-row[0], row[1])) for key, rows in states.rankings().items()
    }
    assert selector.rankings() == expected


def check_labelling(database: Database) -> None:
    """What was said and chosen is as it was, its numbers go on, and the campaign that is open is scored on."""
    desk = Desk(database, neighbours(6))
    with database.snapshot() as tx:
        (newest, closed), _ = campaigns.page(tx, 9, "", desk.now)
        sets = choosing.chosen(tx, closed.kept)
    assert (closed.kept.state, closed.vetoed, closed.grades) == ("closed", 1, 10)
    assert (newest.kept.state, newest.vetoed, newest.grades, newest.kept.carried) == ("open", 1, 10, 10)
    assert (len(sets.counterexamples), len(sets.test), len(sets.just_missed)) == (2, 1, 2)
    (held, *_) = desk.take("dan", 5)
    desk.grade("dan", held, 4)
    assert desk.progress().grades == 11


def check_finetune(database: Database) -> None:
    """Runs are as they were, and a new one comes behind them."""
    with database.snapshot() as tx:
        waits, passed, released = runs.page(tx, None, None, 10)
        assert [run.id for run in runs.waiting(tx)] == [waits.id]
    assert (waits.state, passed.state, released.state) == (runs.TRAINING, runs.PASSED, runs.RELEASED)
    assert (released.released, released.promoted_by, passed.plan.campaign_ids) == (2, "otto", ("c" * 32,))
    assert [run.waits_for for run in (waits, passed, released)] == [""] * 3
    assert passed.result is not None
    assert passed.made_a_version
    runs.promote(database, passed.id, "otto", 5, despite_gate=False)
    made = runs.start(database, "e" * 32, "otto", "", lambda: passed.plan, 6)
    assert (made.number, made.plan) == (4, passed.plan)


def check_rounds(database: Database) -> None:
    """A round is as it ended, with its figures; the one that goes on can be cancelled, and another one begun."""
    with database.snapshot() as tx:
        ended, going = kept_rounds.of_model(tx, "small")
        policy = policies.policy(tx, "small")
    assert (ended.outcome, ended.released, going.step, going.candidates) == (Outcome.RELEASED, 2, Step.SCORING, 10)
    assert policy is not None
    assert (policy.policy.candidates, policy.plan.training.t0) == (1000, "/srv/t0")
    assert [item.images for item in standings(database, "small").sets] == [3, 5, 5]
    kept_rounds.cancel(database, going.id, "otto", 5)
    following = kept_rounds.Beginning("e" * 32, going.target, ended.plan, "otto", "")
    assert kept_rounds.start(database, "", lambda: following, 6).number == 3


CHECKS = {
    "gateway": check_gateway,
    "selector": check_selector,
    "labelling": check_labelling,
    "finetune": check_finetune,
    "rounds": check_rounds,
}


@pytest.mark.parametrize(("service", "number"), EARLIER)
def test_every_revision_with_rows_in_it_becomes_the_present_one(database: Database, service: str, number: str) -> None:
    """Exactly the tables of the code, with everything in them."""
    tables = SERVICES[service]
    with database.write() as connection:
        migrate(connection, tables, "1.0")
        states.copy_rows(service, connection)
        migrate(connection, tables, number)
        assert revision(connection, tables) == number
    database.prepare(tables, upgrade=True)
    assert differences(database, tables) == []
    CHECKS[service](database)


@pytest.mark.parametrize("service", ["gateway", "selector"])
def test_a_state_of_madseg_0_1_is_adopted(tmp_path: Path, service: str) -> None:
    """Its tables were made before revisions were kept."""
    states.write_file(service, tmp_path / "madseg.db")
    database = open_database(f"sqlite:///{tmp_path}/madseg.db")
    database.prepare(SERVICES[service])
    assert differences(database, SERVICES[service]) == []
    CHECKS[service](database)
    database.close()


def test_services_share_a_database_and_know_nothing_of_each_other(database: Database) -> None:
    """Each has its own tables and revisions; what is ready is left alone."""
    for _ in range(2):
        for tables in SERVICES.values():
            database.prepare(tables, upgrade=True)
            assert differences(database, tables) == []
    with database.snapshot() as connection:
        names = set(inspect(connection).get_table_names())
        assert {name: revision(connection, tables) for name, tables in SERVICES.items()} == {
            name: tables.head for name, tables in SERVICES.items()
        }
    assert {"gateway_revision", "selector_revision"} <= names


def test_processes_that_start_together_migrate_once(url: str) -> None:
    """The others wait, and find it done."""
    opened = [open_database(url, "selector") for _ in range(4)]
    failed: list[BaseException] = []

    def prepare(database: Database) -> None:
        try:
            database.prepare(SELECTOR, upgrade=True)
        except BaseException as error:  # noqa: BLE001 (read by the test)
            failed.append(error)

    threads = [threading.Thread(target=prepare, args=(database,)) for database in opened]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert differences(opened[0], SELECTOR) == []
    for database in opened:
        database.close()


def test_a_server_is_brought_up_to_date_only_where_that_is_asked_for() -> None:
    """The message says what to run. Nothing is changed until then."""
    with empty_database("postgresql", Path()) as url:
        database = open_database(url, "selector", "another")
        with pytest.raises(NotReady, match="madseg migrate"):
            database.prepare(SELECTOR)
        with database.snapshot() as connection:
            assert connection.execute(text("SELECT 1 FROM pg_namespace WHERE nspname = 'another'")).all() == []
        database.prepare(SELECTOR, upgrade=True)
        with database.write() as connection:
            connection.execute(text("UPDATE selector_revision SET version_num = '1.0'"))
        with pytest.raises(NotReady, match=r"aren't of revision 1\.\d+ yet"):
            database.prepare(SELECTOR)
        database.close()


@pytest.mark.parametrize("upgrade", [False, True])
def test_tables_of_a_later_release(database: Database, upgrade: bool) -> None:
    """Within the era they are used as they are, as nothing was taken from them; those of a later era are refused."""
    database.prepare(SELECTOR, upgrade=True)
    for number in ("1.99", "2.0"):
        with database.write() as connection:
            connection.execute(text("UPDATE selector_revision SET version_num = :number"), {"number": number})
        if number == "1.99":
            database.prepare(SELECTOR, upgrade=upgrade)
        else:
            with pytest.raises(Conflict, match=r"are of revision 2\.0"):
                database.prepare(SELECTOR, upgrade=upgrade)
        with database.snapshot() as connection:
            assert revision(connection, SELECTOR) == number


def test_a_start_with_nothing_to_migrate_does_not_load_alembic(tmp_path: Path) -> None:
    """Loading it would take longer than all else that a start does with the tables."""
    place = f"sqlite:///{tmp_path}/madseg.db"
    database = open_database(place)
    database.prepare(SELECTOR)
    database.close()
    look = (
        "import sys\n"
        "from madseg.adapters.databases import open_database\n"
        "from madseg.selector.migrations import TABLES\n"
        f"open_database({place!r}).prepare(TABLES)\n"
        "print('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", look], capture_output=True, check=True).stdout == b"False\n"


@pytest.mark.parametrize("tables", SERVICES.values(), ids=SERVICES)
def test_revisions_follow_each_other(tables: Tables) -> None:
    """In one line from 1.0 to the head that the code names, each in the file of its number."""
    numbers = revisions(tables)
    assert numbers[0] == "1.0"
    assert numbers[-1] == tables.head == script(tables).get_current_head()
    assert numbers == sorted(numbers, key=lambda number: [int(part) for part in number.split(".")])
    for number in numbers:
        assert Path(script(tables).get_revision(number).path).name == f"v{number.replace('.', '_')}.py"


def test_no_revision_takes_anything_away_within_an_era(database: Database) -> None:
    """So that the release before runs beside the one that made it."""
    for tables in SERVICES.values():
        before: dict[str, set[str]] = {}
        for number in revisions(tables):
            with database.write() as connection:
                migrate(connection, tables, number)
                found = inspect(connection)
                now = {name: {column["name"] for column in found.get_columns(name)} for name in found.get_table_names()}
                required = {
                    (name, column["name"])
                    for name in before
                    for column in found.get_columns(name)
                    if not column["nullable"] and column["default"] is None and column["name"] not in before[name]
                }
            assert all(columns <= now[name] for name, columns in before.items())
            assert required == set()
            before = now
