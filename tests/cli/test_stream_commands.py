"""Commands that work on the stream itself: `madseg topics` and `madseg dead`, on the embedded stream and on Kafka."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from madseg import letters
from madseg.adapters.streams import open_stream
from madseg.core.errors import Conflict, Poison
from madseg.ports import Outgoing, Stream, Topic
from madseg.wire import dead_topic, topics
from tests.cli.terminal import Terminal
from tests.contracts.reading import drain
from tests.servers import kafka

HOUR_AGO = datetime.now(UTC) - timedelta(hours=1, minutes=5)


@pytest.fixture(params=["sqlite", "kafka"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the stream is."""
    return kafka.url() if request.param == "kafka" else f"sqlite:///{tmp_path}/stream.db"


@pytest.fixture
def prefix(url: str) -> Iterator[str]:
    """Of the topics of one test."""
    made = f"t{uuid.uuid4().hex[:8]}"
    yield made
    if url.startswith("kafka:"):
        kafka.delete_topics(*(topic.name for topic in topics(made, 2)))


@pytest.fixture
def madseg(url: str, prefix: str) -> Terminal:
    """Commands of this deployment."""
    return Terminal({"MADSEG_STREAM": url, "MADSEG_PREFIX": prefix, "MADSEG_PARTITIONS": "2"})


@pytest.fixture
def stream(url: str, madseg: Terminal) -> Iterator[Stream]:
    """The stream, with its topics."""
    assert madseg("topics", "apply").code == 0
    opened = open_stream(url)
    yield opened
    opened.close()


def bury(stream: Stream, topic: str, *keys: str, value: bytes = b"\xff\xfe") -> None:
    """Records that were read and set aside an hour ago."""
    stream.publish([Outgoing(topic, key, value, {"from": "tree"}) for key in keys])
    found = {record.key: record for record in drain(stream.consume(topic))}
    for key in keys:
        letters.send(stream, found[key], Poison("it smells"), HOUR_AGO)


def test_topics_are_made_and_kept_as_they_should_be(madseg: Terminal, url: str, prefix: str) -> None:
    """Absent ones are made, others left; a setting that was changed is put back, and said."""
    wanted = topics(prefix, 2)
    assert set(madseg("topics", "apply", "--json").json.values()) == {"made"}
    assert set(madseg("topics", "apply", "--json").json.values()) == {"fine"}
    stream = open_stream(url)
    stream.create(Topic(wanted[0].name, 2, compacted=False, retention_hours=1))
    stream.close()
    first, *others = madseg("topics", "list", "--json").json
    assert (first["topic"], first["state"]) == (wanted[0].name, "differs")
    assert "Put it right with `madseg topics apply`" in first["difference"]
    assert {row["state"] for row in others} == {"fine"}
    assert madseg("topics", "apply", "--json").json[wanted[0].name].startswith("changed: ")
    assert {row["state"] for row in madseg("topics", "list", "--json").json} == {"fine"}


def test_topics_are_listed_before_they_are_there(madseg: Terminal) -> None:
    """With the command that makes them."""
    assert madseg("topics", "list").out.endswith("`madseg topics apply` makes what is absent.")


def test_other_partitions_are_refused(url: str, prefix: str, stream: Stream) -> None:
    """They can't be changed, and the message says what can be done."""
    more = Terminal({"MADSEG_STREAM": url, "MADSEG_PREFIX": prefix, "MADSEG_PARTITIONS": "3"})
    answer = more("topics", "apply")
    assert answer.code == 1
    assert "has 2 partitions, 3 are wanted" in answer.err
    assert "MADSEG_PARTITIONS" in answer.err
    with pytest.raises(Conflict):
        stream.check(topics(prefix, 3)[0])


def test_dead_letters_are_listed_with_place_age_and_reason(madseg: Terminal, stream: Stream, prefix: str) -> None:
    """Those of every topic."""
    assert madseg("dead", "list").out == "No dead letters."
    bury(stream, f"{prefix}.images", "a" * 32)
    bury(stream, f"{prefix}.models", "role/ours")
    out = madseg("dead", "list").out
    assert "1 h" in out
    assert "Poison: it" in out
    found = madseg("dead", "list", "--json").json
    assert [(item["letter"], item["key"], item["reason"]) for item in found] == [
        (f"{prefix}.images/0", "a" * 32, "Poison: it smells"),
        (f"{prefix}.models/0", "role/ours", "Poison: it smells"),
    ]
    assert found[0]["topic"] == f"{prefix}.images"
    assert {found[1]["partition"], found[1]["offset"]} == {"0"}


def test_a_letter_is_shown_with_headers_and_value(madseg: Terminal, stream: Stream, prefix: str) -> None:
    """A value that can be read is, any other by its first bytes."""
    bury(stream, f"{prefix}.images", "a", "b", value=b"\x0a\x05hello")
    readable = madseg("dead", "show", f"{prefix}.images/0").out
    assert 'image_id: "hello"' in readable
    assert "from: tree" in readable
    bury(stream, f"{prefix}.images", "c")
    assert madseg("dead", "show", f"{prefix}.images/2", "--json").json["value"] == "2 bytes: ff fe"
    assert madseg("dead", "show", "nothing/1").err.startswith("madseg: error: there is no dead letter nothing/1")


def test_letters_go_back_once(madseg: Terminal, stream: Stream, prefix: str) -> None:
    """By id or all; a second call does nothing, and the list has them no more."""
    topic = f"{prefix}.images"
    bury(stream, topic, "a", "b", "c")
    assert madseg("dead", "redrive", f"{topic}/1").out == "Put back: 1 record."
    assert madseg("dead", "redrive", f"{topic}/1", "--json").json == {"redriven": [], "before": 1, "without_value": 0}
    assert [item["letter"] for item in madseg("dead", "list", "--json").json] == [f"{topic}/0", f"{topic}/2"]
    assert madseg("dead", "redrive", "--all").out == "Put back: 2 records.\nPut back before: 1 record."
    assert madseg("dead", "redrive", "--all", "--json").json["redriven"] == []
    assert madseg("dead", "list").out == "No dead letters."
    assert len(madseg("dead", "list", "--redriven", "--json").json) == 3
    back = [record for record in drain(stream.consume(topic)) if "madseg-redriven" in record.headers]
    assert sorted((record.key, record.headers["madseg-redriven"]) for record in back) == [
        ("a", "0"),
        ("b", "1"),
        ("c", "2"),
    ]
    assert {record.value for record in back} == {b"\xff\xfe"}


def test_what_was_left_out_stays(madseg: Terminal, stream: Stream, prefix: str) -> None:
    """Named, it is refused; with --all the others go."""
    topic = f"{prefix}.images"
    bury(stream, topic, "a", value=bytes(999_980))
    bury(stream, topic, "b")
    assert "its value was too large" in madseg("dead", "redrive", f"{topic}/0").err
    assert madseg("dead", "redrive", "--all", "--json").json == {
        "redriven": [f"{topic}/1"],
        "before": 0,
        "without_value": 1,
    }


def test_naming_nothing_is_wrong_usage(madseg: Terminal) -> None:
    """Neither is naming letters and all of them."""
    for words in (["dead", "redrive"], ["dead", "redrive", "x/1", "--all"]):
        assert madseg(*words).code == 2


def test_no_stream_is_made_by_looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder without a state, the commands say where they looked."""
    monkeypatch.chdir(tmp_path)
    answer = Terminal({"MADSEG_STATE": "state"})("dead", "list")
    assert (answer.code, answer.err.startswith("madseg: error: there is no stream in state")) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_the_stream_of_a_state_folder_is_found(tmp_path: Path) -> None:
    """As `madseg up` has it."""
    stream = open_stream(f"sqlite:///{tmp_path}/stream.db")
    stream.create(topics("madseg", 8)[0])
    stream.create(dead_topic("madseg.images"))
    bury(stream, "madseg.images", "a")
    stream.close()
    assert len(Terminal({"MADSEG_STATE": str(tmp_path)})("dead", "list", "--json").json) == 1
