"""`madseg topics`: the topics of a deployment, made and kept as they should be."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from madseg.cli.arguments import Json
from madseg.cli.output import count, emit, show, table
from madseg.cli.streams import opened

if TYPE_CHECKING:
    from madseg.ports import Stream, Topic

FINE, ABSENT, DIFFERS = "fine", "absent", "differs"


@dataclass(frozen=True)
class Row:
    """A topic as it should be, the records published to it so far, and whether it is so."""

    topic: str
    partitions: int
    kept: str
    records: int | None
    state: str
    difference: str


app = typer.Typer(no_args_is_help=True, help="Make the topics of the stream, and look after their settings.")


@app.command("apply")
def apply(json: Json = False) -> None:
    """Make the topics that are absent, and give those that are there the settings they should have.

    Records stay. The number of partitions can't change: a difference there is refused. Services make absent topics by
    themselves where they may, and refuse to start where one is set otherwise.
    """
    with opened() as found:
        done = {topic.name: _applied(found.stream, topic) for topic in found.topics}
    if json:
        emit(done)
        return
    made = table("topic", "done")
    for name, what in done.items():
        made.add_row(name, what)
    show(made)


@app.command("list")
def list_topics(json: Json = False) -> None:
    """List the topics: partitions, what is kept, records, and whether they are as they should be."""
    with opened() as found:
        rows = [_described(found.stream, topic) for topic in found.topics]
    if json:
        emit(rows)
        return
    made = table("topic", "partitions>", "kept", "records>", "state")
    for row in rows:
        made.add_row(row.topic, str(row.partitions), row.kept, count(row.records), row.state)
    show(made, *(row.difference for row in rows if row.difference))
    if any(row.state == ABSENT for row in rows):
        show("`madseg topics apply` makes what is absent.")


def _applied(stream: "Stream", topic: "Topic") -> str:
    from madseg.core.errors import Conflict, NotFound

    try:
        stream.check(topic)
    except NotFound:
        stream.create(topic)
        return "made"
    except Conflict as different:
        stream.create(topic)
        return f"changed: {different}"
    return FINE


def _described(stream: "Stream", topic: "Topic") -> Row:
    from madseg.core.errors import Conflict, NotFound

    records, state, difference = None, FINE, ""
    try:
        records = sum(stream.end_offsets(topic.name).values())
        stream.check(topic)
    except NotFound:
        state = ABSENT
    except Conflict as error:
        state, difference = DIFFERS, str(error)
    return Row(topic.name, topic.partitions, _kept(topic), records, state, difference)


def _kept(topic: "Topic") -> str:
    last = "the last of each key" if topic.compacted else ""
    for_days = "" if topic.retention_hours is None else f"{topic.retention_hours / 24:g} days"
    return ", ".join(filter(None, (last, for_days))) or "all"
