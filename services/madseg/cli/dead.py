"""`madseg dead`: records that were set aside because no retry could help."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from madseg.cli.arguments import Json
from madseg.cli.output import emit, headed, several, show, table
from madseg.cli.streams import Opened, opened

if TYPE_CHECKING:
    from madseg.letters import Letter

app = typer.Typer(no_args_is_help=True, help="Look at the dead letters, and put them back.")

LetterId = Annotated[str, typer.Argument(metavar="LETTER", help="A letter's id, such as madseg.images/3.")]
LetterIds = Annotated[list[str] | None, typer.Argument(metavar="[LETTER]...", help="Which. Or --all.")]


@app.command("list")
def list_letters(
    redriven: Annotated[bool, typer.Option("--redriven", help="Also those that were put back.")] = False,
    json: Json = False,
) -> None:
    """List the dead letters, oldest first: where each record was, and why it was set aside."""
    with opened() as found:
        letters = [letter for letter in _all(found) if redriven or not letter.redriven]
    if json:
        emit([_plain(letter) for letter in letters])
        return
    if not letters:
        show("No dead letters.")
        return
    made = table("letter", "age>", "partition>", "offset>", "key", "reason")
    for letter in letters:
        reason = f"{'(put back) ' if letter.redriven else ''}{letter.reason}"
        made.add_row(letter.id, _age(letter), letter.partition, letter.offset, letter.record.key, reason)
    show(made)


@app.command("show")
def show_letter(letter: LetterId, json: Json = False) -> None:
    """Show a dead letter: its headers, and its value as far as it can be read."""
    from madseg.wire import readable

    with opened() as found:
        chosen = _chosen(_all(found), [letter])[0]
    value = "a tombstone" if chosen.record.value is None else readable(chosen.topic, chosen.record.value)
    if json:
        emit({**_plain(chosen), "headers": chosen.record.headers, "value": value})
        return
    show(headed(chosen.id, f", set aside {_age(chosen)} ago{', put back since' if chosen.redriven else ''}"))
    show(chosen.reason, "", *(f"{name}: {text}" for name, text in chosen.record.headers.items()), "", value)


@app.command("redrive")
def redrive(
    letter: LetterIds = None,
    every: Annotated[bool, typer.Option("--all", help="All that weren't put back yet.")] = False,
    json: Json = False,
) -> None:
    """Put records back into their topic as they were, once the reason of their death is gone. Each goes back once."""
    from madseg.letters import redrive as put_back

    if bool(letter) == every:
        raise typer.BadParameter("name letters, or say --all")
    with opened() as found:
        chosen = _all(found) if every else _chosen(_all(found), letter or [])
        back = [each for each in chosen if not each.redriven and not (every and each.lacks_value)]
        put_back(found.stream, back)
    before, lacking = sum(each.redriven for each in chosen), sum(each.lacks_value for each in chosen)
    if json:
        emit({"redriven": [each.id for each in back], "before": before, "without_value": lacking})
        return
    show(f"Put back: {several(len(back), 'record')}.")
    if before:
        show(f"Put back before: {several(before, 'record')}.")
    if every and lacking:
        show(f"Left, since the value was too large to be kept: {several(lacking, 'record')}.")


def _all(found: Opened) -> "list[Letter]":
    from madseg.core.errors import NotFound
    from madseg.letters import read

    letters = []
    for topic in found.topics:
        try:
            letters += read(found.stream, topic.name)
        except NotFound:  # nobody has set anything aside there, or it is one of the dead letters themselves
            continue
    return sorted(letters, key=lambda letter: letter.at or datetime.min.replace(tzinfo=UTC))


def _chosen(letters: "list[Letter]", ids: list[str]) -> "list[Letter]":
    from madseg.core.errors import NotFound

    known = {letter.id: letter for letter in letters}
    for item in ids:
        if item not in known:
            raise NotFound(f"there is no dead letter {item}: `madseg dead list` has them")
    return [known[item] for item in dict.fromkeys(ids)]


def _plain(letter: "Letter") -> dict[str, object]:
    return {
        "letter": letter.id,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "key": letter.record.key,
        "reason": letter.reason,
        "at": letter.at,
        "redriven": letter.redriven,
    }


def _age(letter: "Letter") -> str:
    if letter.at is None:
        return "–"
    age = datetime.now(UTC) - letter.at
    for unit, length in (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1))):
        if age >= length:
            return f"{age // length} {unit}"
    return f"{int(age.total_seconds())} s"
