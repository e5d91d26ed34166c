"""`madseg status`: everything that runs, on one screen."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from madseg.cli.arguments import Json, connect
from madseg.cli.contests import COLOURS
from madseg.cli.failures import ERROR
from madseg.cli.output import count, duration, emit, screen, several, show, table

if TYPE_CHECKING:
    from madseg.client import Campaign, Client, Contest, IntakeStatus, Model, Replay, Round, Run, SelectorStatus

T = TypeVar("T")

OPTIONAL = ("labelling", "finetune", "rounds")
"""Services that are missed only where an address of them is given."""

NEWEST = 20
"""Runs and rounds that are looked at: what goes on is among the newest."""

NAMED = 3
"""Rounds that are named."""


@dataclass(frozen=True)
class Status:
    """What each service answered; None where it did not, and then why. Of campaigns, runs and rounds those that aren't
    over; None without a problem: there is no such service, or it is not for the caller."""

    intake: "IntakeStatus | None"
    selector: "SelectorStatus | None"
    contests: "tuple[Contest, ...] | None"
    models: "tuple[Model, ...] | None"
    campaigns: "tuple[Campaign, ...] | None"
    runs: "tuple[Run, ...] | None"
    rounds: "tuple[Round, ...] | None"
    problems: dict[str, str]


def status(
    watch: Annotated[bool, typer.Option(help="Refresh until interrupted.")] = False,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between refreshes.")] = 2.0,
    json: Json = False,
) -> None:
    """Show which services answer, what came in, what is predicted, what competes, and what people are waited for."""
    with connect() as client:
        if watch:
            with suppress(KeyboardInterrupt):
                _refresh(client, ask(client), every, json=json)
            return
        found = ask(client)
    if json:
        emit(found)
    else:
        show(_screen(found))
    if found.problems:
        raise typer.Exit(ERROR)


def ask(client: "Client") -> Status:
    """Asks every service; one that doesn't answer doesn't hide the others."""
    from madseg.cli.failures import explained
    from madseg.client import ClientError, Forbidden, Unavailable

    problems: dict[str, str] = {}

    def answer(service: str, question: Callable[[], T]) -> T | None:
        if service in problems:
            return None
        try:
            return question()
        except ClientError as error:
            unknown = isinstance(error, Unavailable) and error.address is None
            if service not in OPTIONAL or not (unknown or isinstance(error, Forbidden)):
                problems[service] = explained(error) or str(error)
            return None

    return Status(
        answer("intake", client.intake_status),
        answer("selector", client.selector_status),
        answer("selector", lambda: tuple(client.contests())),
        answer("models", lambda: tuple(client.models())),
        answer("labelling", lambda: tuple(item for item in client.campaigns() if item.state in ("open", "scored"))),
        answer("finetune", lambda: tuple(filter(_goes_on, client.run_page(page_size=NEWEST).runs))),
        answer("rounds", lambda: tuple(filter(_is_open, client.round_page(page_size=NEWEST).rounds))),
        problems,
    )


def _refresh(client: "Client", found: Status, every: float, *, json: bool) -> None:
    if json:
        while True:
            emit(found)
            time.sleep(every)
            found = ask(client)
    from rich.live import Live

    with Live(_screen(found), console=screen(), auto_refresh=False, screen=screen().is_terminal) as live:
        while True:
            time.sleep(every)
            live.update(_screen(ask(client)), refresh=True)


def _screen(found: Status) -> RenderableType:
    parts: list[RenderableType] = [_services(found)]
    if found.models is not None:
        parts += ["", _models(found)]
    if found.selector is not None and found.selector.replays:
        parts += ["", _replays(found.selector.replays)]
    if found.contests:
        parts += ["", _contests(found.contests)]
    return Group(*parts)


def _services(found: Status) -> Table:
    made = table("service", "state", "")
    words = {
        "intake": _intake_words(found),
        "selector": _selector_words(found),
        "models": _models_words(found),
        "labelling": _labelling_words(found),
        "finetune": _finetune_words(found),
        "rounds": _rounds_words(found),
    }
    for service, text in words.items():
        problem = found.problems.get(service)
        if problem:
            made.add_row(service, Text("down", "red"), problem)
        elif text:
            made.add_row(service, Text("up", "green"), text)
        else:
            made.add_row(service, Text("–"), "no address of it is known, or it isn't for this token")
    return made


def _intake_words(found: Status) -> str:
    if found.intake is None:
        return ""
    item = found.intake
    return (
        f"{count(item.accepted)} images accepted, {count(item.random_lane)} in the random lane, "
        f"{count(item.forgotten)} forgotten; {count(item.duplicates)} duplicates, {count(item.refused)} refused"
    )


def _selector_words(found: Status) -> str:
    if found.selector is None:
        return ""
    item = found.selector
    return (
        f"{count(item.images)} images seen, {count(item.lag)} records wait, {count(item.dead_letters)} dead letters; "
        f"revision {count(item.revision)}, criteria {item.criteria_id}"
    )


def _models_words(found: Status) -> str:
    if found.models is None:
        return ""
    active = [item for item in found.models if item.role != "retired"]
    return f"{count(len(active))} models take part, {count(len(found.models) - len(active))} retired"


def _labelling_words(found: Status) -> str:
    if found.campaigns is None:
        return ""
    scored = sum(item.state == "scored" for item in found.campaigns)
    return f"{several(len(found.campaigns) - scored, 'campaign')} open, {count(scored)} scored and not yet chosen from"


def _finetune_words(found: Status) -> str:
    if found.runs is None:
        return ""
    passed = sum(item.state == "passed" for item in found.runs)
    waiting = [f"; {item.id} waits: {item.waits_for}" for item in found.runs if item.waits_for]
    return f"{several(len(found.runs) - passed, 'run')} under way, {count(passed)} to be promoted{''.join(waiting)}"


def _rounds_words(found: Status) -> str:
    if found.rounds is None:
        return ""
    named = [f"{item.target.model} is {_where(item)}" for item in found.rounds[:NAMED]]
    return "; ".join([f"{several(len(found.rounds), 'round')} under way", *named])


def _where(item: "Round") -> str:
    """Where a round is, and whether it waits for somebody."""
    far = f", {count(item.done)} of {count(item.total)}" if item.total else ""
    return f"at {item.step}{far}{' and waits for a word' if item.awaits_approval else ''}"


def _goes_on(run: "Run") -> bool:
    return run.state in ("preparing", "training", "passed")


def _is_open(item: "Round") -> bool:
    return item.outcome is None


def _models(found: Status) -> Table:
    made = table("model", "version>", "role", "predicted>", "failed>", "missing>")
    counts = (
        {(item.version.model, item.version.version): item for item in found.selector.versions}
        if (found.selector)
        else {}
    )
    for model in found.models or ():
        for number in model.serving:
            known = counts.get((model.name, number))
            stored, failed = (known.stored, known.failed) if known else (0, 0)
            missing = max(0, found.intake.accepted - stored - failed) if found.intake and not model.imported else None
            made.add_row(model.name, count(number), model.role or "–", count(stored), count(failed), count(missing))
    return made


def _replays(replays: "tuple[Replay, ...]") -> Table:
    made = table("taken over the images", "predicted>", "failed>", "missing>", "a second>", "left>")
    for item in replays:
        rate = "–" if item.images_per_second is None else f"{item.images_per_second:,.1f}"
        counts = map(count, (item.stored, item.failed, item.missing))
        made.add_row(str(item.version), *counts, rate, duration(item.seconds_left))
    return made


def _contests(contests: "tuple[Contest, ...]") -> Table:
    made = table("contest", "state", "compared>", "failed>", "missing>")
    for item in contests:
        counts = map(count, (item.compared, item.failed, item.missing))
        made.add_row(f"{item.target} : {item.competitor}", Text(item.state, COLOURS.get(item.state, "")), *counts)
    return made
