"""`madseg finetune`: the target learns from its counterexamples, and the version that comes of it is released."""

import json as jsons
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from madseg.cli.arguments import Json, connect
from madseg.cli.following import followed
from madseg.cli.output import count, duration, emit, headed, moment, several, show, table

if TYPE_CHECKING:
    from rich.table import Table

    from madseg.client import Client, Figure, Run

app = typer.Typer(no_args_is_help=True, help="Make a new version of the target from its counterexamples.")

RunId = Annotated[str, typer.Argument(metavar="[RUN]", help="Which run. Default: the newest.")]
NamedRun = Annotated[str, typer.Argument(metavar="RUN", help="Which run.")]
Wait = Annotated[bool, typer.Option("--wait", help="Watch it until it has ended.")]

PASSED_BY = "Its gate let it through: `madseg finetune promote {}` releases it."

FAILED = 3
"""Exit status where a run that was waited for was refused or cancelled."""


@app.command("start")
def start(
    t0: Annotated[str, typer.Option(help="Folder of T0 as the service sees it: pictures/ and masks/.")],
    s0: Annotated[str, typer.Option(help="The same of S0, the old training set. Default: S alone.")] = "",
    target: Annotated[str, typer.Option(help="NAME or NAME/VERSION. Default: the target as it serves.")] = "",
    campaign: Annotated[list[str] | None, typer.Option(help="A campaign of S. Default: all. May be repeated.")] = None,
    recipe: Annotated[str, typer.Option(help="modern or paper2021.")] = "modern",
    change: Annotated[list[str] | None, typer.Option(help="SETTING=JSON of the recipe. May be repeated.")] = None,
    drop: Annotated[float | None, typer.Option(help="By how much mIoU on T0 may fall. [default: 0.01]")] = None,
    negative_flips: Annotated[float | None, typer.Option(help="Share that may get worse. [default: 0.1]")] = None,
    slower: Annotated[float | None, typer.Option(help="Times as long for a picture. [default: 1.25]")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides every draw.")] = 0,
    promote: Annotated[bool, typer.Option("--promote", help="Release what passes the gate.")] = False,
    hugging_face: Annotated[str, typer.Option(help="Folder of the target's torch network; it learns itself.")] = "",
    factory: Annotated[str, typer.Option(help="What makes the target's torch network: package.module:name.")] = "",
    weights: Annotated[str, typer.Option(help="With a factory: its safetensors file.")] = "",
    key: Annotated[str, typer.Option(help="Starting again with the same key answers with the same run.")] = "",
    wait: Wait = False,
    json: Json = False,
) -> None:
    """Begin a run: train, hold the new version against the old, and release it where that is asked for."""
    from madseg.client import GateBounds, RunPlan, TorchNetwork

    bounds = GateBounds(drop=drop, negative_flips=negative_flips, slower=slower)
    campaigns, changes = tuple(campaign or ()), changes_of(change)
    network = TorchNetwork(hugging_face, factory, weights) if hugging_face or factory or weights else None
    plan = RunPlan(target, campaigns, s0, t0, recipe, changes, bounds, seed, promote, network)
    with connect() as client:
        made = client.start_run(plan, idempotency_key=key)
        if wait:
            made = _watched(client, made.id, quiet=json)
    _told(made, json)
    if wait:
        _exit(made)


@app.command("list")
def listed(
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 20,
    json: Json = False,
) -> None:
    """List the runs, newest first."""
    with connect() as client:
        found = list(islice(client.runs(state=state, page_size=min(limit, 1000)), limit))
    if json:
        emit(found)
        return
    made = table("run", "begun", "target", "state", "T0>", "released")
    for item in found:
        released = "–" if item.released is None else str(item.released)
        state = f"{item.state}, waits" if item.waits_for else item.state
        made.add_row(item.id, moment(item.created_at), str(item.plan.target), state, _change(item), released)
    show(made if found else "No run yet: `madseg finetune start` begins one.")


@app.command("show")
def shown(run: RunId = "", json: Json = False) -> None:
    """Show what a run does, how far it is, and what came of it."""
    with connect() as client:
        found = client.run(run)
    _told(found, json)


@app.command("watch")
def watch(run: RunId = "", json: Json = False) -> None:
    """Follow a run until it has ended. JSON comes in lines, one whenever it gets on."""
    with connect() as client:
        found = _watched(client, run, quiet=json, each=emit if json else None)
    if not json:
        _told(found, json)
    _exit(found)


@app.command("cancel")
def cancel(run: NamedRun, json: Json = False) -> None:
    """End a run that goes on, or waits to be promoted. What it had is kept."""
    with connect() as client:
        found = client.cancel_run(run)
    _told(found, json)


@app.command("promote")
def promote(
    run: NamedRun,
    despite_gate: Annotated[bool, typer.Option("--despite-gate", help="Although the gate refused it; admins.")] = False,
    json: Json = False,
) -> None:
    """Release the version of a run, beside the one that serves."""
    with connect() as client:
        client.promote_run(run, despite_gate=despite_gate)
        found = _watched(client, run, quiet=True)
    _told(found, json)
    _exit(found)


def changes_of(texts: Sequence[str] | None) -> dict[str, Any]:
    """Settings written NAME=JSON; what is no JSON is a text."""
    found = {}
    for text in texts or ():
        name, stroke, value = text.partition("=")
        if not name or not stroke:
            raise typer.BadParameter(f"a change is written SETTING=JSON, got {text!r}", param_hint="--change")
        try:
            found[name] = jsons.loads(value)
        except ValueError:
            found[name] = value
    return found


def _watched(client: "Client", run_id: str, *, quiet: bool, each: Any = None) -> "Run":
    """The run when nothing happens with it by itself any more; a bar on a terminal meanwhile."""
    found = client.run(run_id)

    def bar(now: "Run") -> tuple[str, float]:
        return doing(now), now.progress.share if now.progress else 0.0

    return followed(found, lambda: client.watch_run(found.id), bar, quiet=quiet, each=each)


def _exit(run: "Run") -> None:
    if run.state in ("refused", "cancelled"):
        raise typer.Exit(FAILED)


def _told(run: "Run", json: bool) -> None:
    if json:
        emit(run)
        return
    show(_described(run))
    if run.checks:
        show("", _checks(run))
    if run.state == "passed":
        show("", PASSED_BY.format(run.id))


def _described(run: "Run") -> Text:
    plan = run.plan
    sizes = ", ".join(f"{name.replace('_', '-')} {count(number)}" for name, number in run.examples.items())
    learned = f"{plan.recipe}, seed {plan.seed}, S of {several(len(plan.campaign_ids), 'campaign')}"
    lines = [f": {run.state}; begun {moment(run.created_at)} by {run.started_by}.", f"{plan.target}: {learned}."]
    if sizes:
        lines.append(f"Examples: {sizes}.")
    if run.state == "training" and run.progress is not None:
        lines.append(f"{_progress(run)}.")
    if run.waits_for:
        lines.append(f"It waits: {run.waits_for}")
    if run.before is not None and run.after is not None:
        lines.append(f"mIoU on T0-report {_figure(run.before)} before, {_figure(run.after)} after.")
    if run.released is not None:
        lines.append(f"Released as {run.released}.")
    lines += [f"Refused: {reason}" for reason in run.reasons]
    return headed(run.id, "\n".join(lines))


def doing(run: "Run") -> str:
    """One line of how far it is, and what it waits for."""
    return f"{_progress(run)}; it waits: {run.waits_for}" if run.waits_for else _progress(run)


def _progress(run: "Run") -> str:
    at = run.progress
    if run.state != "training" or at is None:
        return str(run.state)
    rate = f"rate {at.rate} of {at.rates}, " if at.rates > 1 else ""
    selected = "" if at.selected is None else f", mIoU {at.selected:.3f}"
    left = "" if at.seconds_left is None else f", {duration(at.seconds_left)} left"
    return f"training: {rate}epoch {at.epoch} of {at.epochs}, loss {at.loss:.3f}{selected}{left}"


def _checks(run: "Run") -> "Table":
    made = table("check", "found>", "allowed>", "holds")
    for check in run.checks:
        name = check.name.replace("_", " ").replace("t0 report", "T0-report")
        made.add_row(name, f"{check.found:.4g}", f"{check.allowed:.4g}", "yes" if check.passed else "no")
    return made


def _change(run: "Run") -> str:
    if run.before is None or run.after is None:
        return "–"
    return f"{run.before.value:.3f} → {run.after.value:.3f}"


def _figure(figure: "Figure") -> str:
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"
