"""`madseg round` and `madseg standings`: Algorithm 1 from the competition to the next version, and Table 1."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from madseg.cli.arguments import Json, connect
from madseg.cli.finetune import changes_of
from madseg.cli.following import followed
from madseg.cli.output import count, emit, headed, moment, show, table
from madseg.cli.standing_tables import standing_tables

if TYPE_CHECKING:
    from madseg.client import Client, Round, RoundPolicy

app = typer.Typer(no_args_is_help=True, help="Carry Algorithm 1 through: mine, score, draw, train, release, replay.")

RoundId = Annotated[str, typer.Argument(metavar="[ROUND]", help="Which round. Default: the newest.")]
NamedRound = Annotated[str, typer.Argument(metavar="ROUND", help="Which round.")]
Model = Annotated[str, typer.Option("--model", help="Which target. Default: the only one.")]
T0 = Annotated[str, typer.Option(help="Folder of T0 as fine-tuning sees it: pictures/ and masks/.")]
S0 = Annotated[str, typer.Option(help="The same of S0, the old training set. Default: S alone.")]
Recipe = Annotated[str, typer.Option(help="modern or paper2021.")]
Change = Annotated[list[str] | None, typer.Option(help="SETTING=JSON of the recipe. May be repeated.")]
PerRanking = Annotated[int | None, typer.Option(help="Places of each ranking that go into M. [default: 25]")]
Raters = Annotated[int | None, typer.Option(help="Ratings that each image needs. [default: 3]")]
Counterexamples = Annotated[int | None, typer.Option("--counterexamples", help="Images of S. [default: 100]")]
Reserved = Annotated[int | None, typer.Option("--test-reserved", help="Images reserved for T. [default: 40]")]
Reported = Annotated[int | None, typer.Option("--test-reported", help="How many of these are reported. [default: 30]")]
Annotator = Annotated[list[str] | None, typer.Option(help="Who draws. Default: whoever does. May be repeated.")]
Double = Annotated[float | None, typer.Option(help="Share of the masks drawn twice. [default: 0.05]")]
ApproveChoice = Annotated[bool, typer.Option("--approve-choice", help="Wait for a word before S and T are chosen.")]
ApproveRelease = Annotated[bool, typer.Option("--approve-release", help="Wait for a word before a release.")]
EvaluateOnly = Annotated[bool, typer.Option("--evaluate-only", help="End once T is evaluated.")]
Seed = Annotated[int, typer.Option(min=0, help="Decides every draw of training.")]

FAILED = 3
"""Exit status where a round that was waited for was refused, cancelled, or failed."""


@app.command("start")
def start(
    t0: T0 = "",
    s0: S0 = "",
    model: Model = "",
    per_ranking: PerRanking = None,
    raters: Raters = None,
    counterexamples: Counterexamples = None,
    test_reserved: Reserved = None,
    test_reported: Reported = None,
    annotator: Annotator = None,
    double_share: Double = None,
    recipe: Recipe = "",
    change: Change = None,
    seed: Seed = 0,
    approve_choice: ApproveChoice = False,
    approve_release: ApproveRelease = False,
    evaluate_only: EvaluateOnly = False,
    key: Annotated[str, typer.Option(help="Starting again with the same key answers with the same round.")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Watch it until it has ended.")] = False,
    json: Json = False,
) -> None:
    """Begin a round of a target."""
    from madseg.client import CampaignPlan, RoundPlan, RunPlan

    campaign = CampaignPlan(raters, counterexamples, test_reserved, test_reported)
    training = RunPlan(s0=s0, t0=t0, recipe=recipe, changes=changes_of(change), seed=seed)
    drawn = (tuple(annotator or ()), double_share)
    plan = RoundPlan(per_ranking, campaign, *drawn, training, approve_choice, approve_release, evaluate_only)
    with connect() as client:
        made = client.start_round(plan, model=model, idempotency_key=key)
        if wait:
            made = _watched(client, made.id, quiet=json)
    _told(made, json)
    if wait:
        _exit(made)


@app.command("list")
def listed(
    model: Model = "",
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 20,
    json: Json = False,
) -> None:
    """List the rounds, newest first."""
    with connect() as client:
        found = list(islice(client.rounds(model=model, page_size=min(limit, 1000)), limit))
    if json:
        emit(found)
        return
    made = table("round>", "id", "target", "step", "M>", "S>", "T>", "released")
    for item in found:
        sizes = (count(number) for number in (item.candidates, item.counterexamples, item.test))
        released = "–" if item.released is None else str(item.released)
        step = item.step if item.outcome is None else item.outcome
        made.add_row(str(item.number), item.id, str(item.target), step, *sizes, released)
    show(made if found else "No round yet: `madseg round start` begins one.")


@app.command("show")
def shown(round_id: RoundId = "", json: Json = False) -> None:
    """Show where a round is, what it waits for, and what came of it."""
    with connect() as client:
        found = client.round(round_id)
    _told(found, json)


@app.command("watch")
def watch(round_id: RoundId = "", json: Json = False) -> None:
    """Follow a round until it has ended. JSON comes in lines, one whenever it gets on."""
    with connect() as client:
        found = _watched(client, round_id, quiet=json, each=emit if json else None)
    if not json:
        _told(found, json)
    _exit(found)


@app.command("approve")
def approve(
    round_id: NamedRound,
    step: Annotated[str, typer.Option(help="The step that it waits at. Default: where it is.")] = "",
    despite: Annotated[
        bool,
        typer.Option("--despite", help="Choose although images lack judgements; admins: release although refused."),
    ] = False,
    json: Json = False,
) -> None:
    """Let a round go on that waits for a person's word."""
    with connect() as client:
        found = client.approve_round(round_id, step or client.round(round_id).step, despite=despite)
    _told(found, json)


@app.command("cancel")
def cancel(round_id: NamedRound, json: Json = False) -> None:
    """End a round that goes on, with its run, campaign and mask tasks. What it had is kept."""
    with connect() as client:
        found = client.cancel_round(round_id)
    _told(found, json)


@app.command("policy")
def policy(
    model: Model = "",
    candidates: Annotated[int | None, typer.Option(min=0, help="Begin once M would have so many images.")] = None,
    days: Annotated[float | None, typer.Option(min=0, help="Begin so many days after the last round.")] = None,
    rounds: Annotated[int | None, typer.Option(min=0, help="In a row at most, then evaluate. 0: endless.")] = None,
    t0: Annotated[str | None, typer.Option(help="Folder of T0, as `round start` has it.")] = None,
    s0: Annotated[str | None, typer.Option(help="The same of S0.")] = None,
    like: Annotated[str, typer.Option(metavar="ROUND", help="Do what this round did.")] = "",
    off: Annotated[bool, typer.Option("--off", help="Begin none by themselves.")] = False,
    json: Json = False,
) -> None:
    """Show, or set, when rounds begin by themselves."""
    given = {"candidates": candidates, "seconds": None if days is None else round(days * 86400), "rounds": rounds}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    with connect() as client:
        found = client.round_policy(model)
        if changes or off or like or t0 is not None or s0 is not None:
            plan = client.round(like).plan if like else replace(found.plan, evaluate_only=False)
            before = plan.training
            folders = (before.s0 if s0 is None else s0, before.t0 if t0 is None else t0)
            plan = replace(plan, training=replace(before, s0=folders[0], t0=folders[1]))
            found = client.set_round_policy(replace(found, enabled=not off, plan=plan, **changes))
    emit(found) if json else show(_ruled(found))


def standings(model: Model = "", json: Json = False) -> None:
    """Show every version of the target, and its competitors, on every test set so far (Table 1)."""
    with connect() as client:
        found = client.standings(model)
    if json:
        emit(found)
    elif not found.sets:
        show("No mask of T or of the random lane is accepted yet: a round gets there.")
    else:
        show(*standing_tables(found))


def _watched(client: "Client", round_id: str, *, quiet: bool, each: Any = None) -> "Round":
    """The round when it has ended; a bar on a terminal meanwhile."""
    found = client.round(round_id)

    def doing(now: "Round") -> tuple[str, float]:
        return _doing(now), now.done / max(1, now.total)

    return followed(found, lambda: client.watch_round(found.id), doing, quiet=quiet, each=each)


def _exit(found: "Round") -> None:
    if found.outcome in ("refused", "cancelled", "failed"):
        raise typer.Exit(FAILED)


def _told(found: "Round", json: bool) -> None:
    if json:
        emit(found)
        return
    show(headed(f"Round {found.number} of {found.target.model}", "\n".join(_lines(found))))
    if found.awaits_approval:
        show("", f"It waits for a word: `madseg round approve {found.id}` lets it go on.")


def _lines(found: "Round") -> Iterable[str]:
    state = _doing(found) if found.outcome is None else found.outcome
    yield f": {state}; {found.id}, begun {moment(found.created_at)} by {found.started_by} from {found.target}."
    if found.candidates:
        sizes = ((found.candidates, "M"), (found.counterexamples, "S"), (found.test, "T"))
        yield ", ".join(f"{name} {count(number)}" for number, name in sizes if number) + "."
    if found.released is not None:
        yield f"Released {found.released}."
    yield from (f"{note[:1].upper()}{note[1:]}." for note in found.notes)


def _doing(found: "Round") -> str:
    """One line of how far it is."""
    return f"{found.step}{f', {count(found.done)} of {count(found.total)}' if found.total else ''}"


def _ruled(found: "RoundPolicy") -> Text:
    if not found.enabled:
        return headed(found.model, ": no round begins by itself.")
    when = [f"once M would have {count(found.candidates)} images"] if found.candidates else []
    when += [f"{found.seconds / 86400:g} days after the last one"] if found.seconds else []
    row = f", {found.rounds} in a row and then one that evaluates only" if found.rounds else ""
    return headed(found.model, f": a round begins {' or '.join(when)}{row}.")
