"""`madseg migrate` on a real server."""

from madseg.adapters.databases import open_database
from madseg.finetune.migrations import TABLES as FINETUNE
from madseg.gateway.migrations import TABLES as GATEWAY
from madseg.labelling.migrations import TABLES as LABELLING
from madseg.rounds.migrations import TABLES as ROUNDS
from madseg.selector.migrations import TABLES as SELECTOR
from tests.cli.terminal import Terminal
from tests.servers import postgres


def test_services_start_on_what_it_made() -> None:
    """In the schema of the prefix; a second time changes nothing."""
    with postgres.database() as url:
        run = Terminal({"MADSEG_DATABASE": url, "MADSEG_PREFIX": "north"})
        tables_of = (GATEWAY, SELECTOR, LABELLING, FINETUNE, ROUNDS)
        expected = "\n".join(f"{tables.service}: up to date, revision {tables.head}" for tables in tables_of)
        for _ in range(2):
            answer = run("migrate")
            assert (0, expected) == (answer.code, answer.out)
        assert run("migrate", "--json").json == {tables.service: tables.head for tables in tables_of}
        for tables in tables_of:
            database = open_database(url, tables.service, "north")
            database.prepare(tables)
            database.close()


def test_embedded_databases_need_none() -> None:
    """It says so, and makes no file."""
    answer = Terminal({"MADSEG_DATABASE": "sqlite:///nowhere/madseg.db"})("migrate")
    assert answer.code == 0
    assert "nothing to do" in answer.out
