"""Ports that are measured answer as those behind them do, and note it."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from madseg.adapters.databases import open_database
from madseg.core.errors import MadsegError, NotFound, Unavailable
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.observing.measured import MeasuredDatabase, MeasuredInference, MeasuredStream
from madseg.ports import Answer, Outgoing, Topic
from tests.contracts.fakes import FakeInference, FakeStream
from tests.observing.scraping import scrape

PICTURE = np.zeros((4, 4, 3), np.uint8)
GRID = Size(4, 4)


def test_published_records_are_counted_by_topic(page: str) -> None:
    """Those of one call at once; what failed isn't."""
    stream = MeasuredStream(FakeStream())
    for name in ("m.pears", "m.plums"):
        stream.create(Topic(name, 1))
    before = scrape(page)
    stream.publish([Outgoing("m.pears", "a", b"1"), Outgoing("m.plums", "a", b"1"), Outgoing("m.pears", "b", b"1")])
    with pytest.raises(NotFound):
        stream.publish([Outgoing("m.grapes", "a", b"1")])
    after = scrape(page)
    counts = {
        topic: after.since(before, "madseg_stream_published_records_total", topic=topic)
        for topic in ("m.pears", "m.plums", "m.grapes")
    }
    assert counts == {"m.pears": 2, "m.plums": 1, "m.grapes": 0}
    assert after.since(before, "madseg_stream_publish_seconds_count", topic="m.pears") == 1
    assert (stream.waiting("m.pears", "g"), dict(stream.end_offsets("m.plums"))) == (2, {0: 1})


def test_transactions_are_timed_by_their_kind(page: str, tmp_path: Path) -> None:
    """From their turn on; one that is rolled back took its time too."""
    database = MeasuredDatabase(open_database(f"sqlite:///{tmp_path}/a.db"), "test")
    before = scrape(page)
    with database.write() as tx:
        tx.execute(text("create table pears (n integer)"))
    with database.write(beside=True) as tx:
        tx.execute(text("insert into pears values (3)"))
    with suppress(ZeroDivisionError), database.write() as tx:
        tx.execute(text("insert into pears values (4)"))
        raise ZeroDivisionError
    with database.snapshot() as tx:
        assert list(tx.execute(text("select n from pears")).scalars()) == [3]
    database.close()
    after = scrape(page)
    for name in ("madseg_database_transaction_seconds_count", "madseg_database_wait_seconds_count"):
        grown = {kind: after.since(before, name, service="test", kind=kind) for kind in ("write", "beside", "snapshot")}
        assert grown == {"write": 2, "beside": 1, "snapshot": 1}


def network(outcome: Answer | Exception) -> object:
    """A network that always gives this."""

    def answer(_: object) -> Answer:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return answer


def test_answers_and_failures_are_counted_by_version(page: str) -> None:
    """Each kind of failure by itself, and all of it gone with the version."""
    good, bad, away = VersionRef("good", 1), VersionRef("bad", 2), VersionRef("away", 1)
    networks = {
        good: network(Answer(np.zeros((4, 4), np.uint8), None)),
        bad: network(MadsegError("noise")),
        away: network(Unavailable("no server")),
    }
    inference = MeasuredInference(FakeInference(networks))  # type: ignore[arg-type]
    for version in networks:
        inference.load(version, GRID)
    begun = scrape(page)
    assert begun.labels("madseg_prediction_failures_total", "kind") >= {"failed", "unavailable", "late"}
    for version in (good, good, bad, away):
        inference.submit(version, PICTURE).exception()
    after = scrape(page)
    assert after.since(begun, "madseg_prediction_seconds_count", model="good", version="1") == 2
    assert after.since(begun, "madseg_prediction_failures_total", model="bad", version="2", kind="failed") == 1
    assert after.since(begun, "madseg_prediction_failures_total", model="away", kind="unavailable") == 1
    for version in networks:
        assert after.at("madseg_predictions_in_flight", model=version.model, version=str(version.version)) == 0
    for version in networks:
        inference.unload(version)
    assert not {"good", "bad", "away"} & scrape(page).labels("madseg_prediction_seconds_count", "model")
