"""The terminal commands: `madseg --help` lists them.

One file per group of commands. What is heavy to load (gRPC, numpy, ONNX Runtime) is loaded by the command that needs
it, so that help answers at once.
"""

from collections.abc import Callable

import typer

from madseg.cli import (
    about,
    access,
    backup,
    campaign,
    candidates,
    constraint,
    contests,
    dead,
    diff,
    evaluation,
    exclusions,
    export,
    finetune,
    health,
    imports,
    ingest,
    labels,
    masks,
    matrix,
    migrate,
    models,
    rankings,
    reconcile,
    reporting,
    rounds,
    start,
    status,
    topics,
    why,
)
from madseg.cli.failures import Commands

app = typer.Typer(
    name="madseg",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

_PANELS: dict[str, list[tuple[str, Callable[..., None]]]] = {
    "Run": [
        ("up", start.up),
        ("demo", start.demo),
        ("status", status.status),
        ("health", health.health),
        ("backup", backup.backup),
    ],
    "Bring in": [("import-predictions", imports.import_predictions), ("reconcile", reconcile.reconcile)],
    "Read": [
        ("contests", contests.contests),
        ("rankings", rankings.rankings),
        ("matrix", matrix.matrix),
        ("diff", diff.diff),
        ("why", why.why),
        ("report", reporting.report),
    ],
    "Improve": [("standings", rounds.standings)],
    "Keep out": [
        ("exclude", exclusions.exclude),
        ("restore", exclusions.restore),
        ("forget", exclusions.forget),
    ],
    "Set up": [
        ("constraint", constraint.constraint),
        ("migrate", migrate.migrate),
        ("settings", about.settings),
        ("version", about.version),
    ],
}

app.add_typer(ingest.app, name="ingest", rich_help_panel="Bring in")
app.add_typer(candidates.app, name="candidates", rich_help_panel="Read")
app.add_typer(campaign.app, name="campaign", rich_help_panel="Label")
app.add_typer(masks.app, name="masks", rich_help_panel="Label")
app.add_typer(labels.app, name="labels", rich_help_panel="Label")
app.add_typer(rounds.app, name="round", rich_help_panel="Improve")
app.add_typer(evaluation.app, name="evaluation", rich_help_panel="Improve")
app.add_typer(finetune.app, name="finetune", rich_help_panel="Improve")
app.add_typer(models.app, name="model", rich_help_panel="Set up")
app.add_typer(access.app, name="access", rich_help_panel="Set up")
app.add_typer(topics.app, name="topics", rich_help_panel="Set up")
app.add_typer(dead.app, name="dead", rich_help_panel="Run")
app.add_typer(export.app, name="export", rich_help_panel="Run")
for _panel, _commands in _PANELS.items():
    for _name, _command in _commands:
        app.command(_name, rich_help_panel=_panel)(_command)


@app.callback()
def _root() -> None:
    """Keep mining the failures of a segmentation model from incoming images.

    Commands find running services by MADSEG_INTAKE, MADSEG_SELECTOR, MADSEG_MODELS, MADSEG_LABELLING,
    MADSEG_FINETUNE and MADSEG_ROUNDS (host:port), else in state/endpoints.json, which `madseg up` writes. Where a token
    is asked for they show the one in MADSEG_TOKEN or MADSEG_TOKEN_FILE, else the one in state/operator.token.
    MADSEG_TLS_AUTHORITY names the file of those whose certificates they believe.
    """


def main() -> None:
    """Runs the command that the process was called with."""
    app()
