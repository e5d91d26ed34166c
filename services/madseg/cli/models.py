"""`madseg model`: the networks that compete."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from madseg.cli.arguments import Json, connect
from madseg.cli.failures import explained, fail
from madseg.cli.output import count, emit, headed, remark, show, table

if TYPE_CHECKING:
    from madseg.client import Model, Switched

app = typer.Typer(no_args_is_help=True, help="The networks that compete.")

Onnx = Annotated[Path, typer.Argument(help="The network: an ONNX file.")]
Card = Annotated[Path, typer.Option(help="The card: YAML, see docs/model-card.md.")]
Repository = Annotated[Path, typer.Option(envvar="MADSEG_REPOSITORY", help="Model repository, without a server.")]
TaxonomyName = Annotated[str, typer.Option("--taxonomy", envvar="MADSEG_TAXONOMY", help="Without a server.")]
Grid = Annotated[str, typer.Option(envvar="MADSEG_GRID", help="HEIGHTxWIDTH, without a server.")]
Offline = Annotated[bool, typer.Option("--offline", help="Write to the folder without asking for a server.")]


@app.command("add")
def add(
    onnx: Onnx,
    card: Card,
    offline: Offline = False,
    repository: Repository = Path("model_repository"),
    taxonomy: TaxonomyName = "voc",
    grid: Grid = "513x513",
    json: Json = False,
) -> None:
    """Wrap and check a network, and add it as a new model: on the server, or in the folder where none is named."""
    _take(onnx, card, repository, taxonomy, grid, release=False, offline=offline, json=json)


@app.command("release")
def release(
    onnx: Onnx,
    card: Card,
    offline: Offline = False,
    repository: Repository = Path("model_repository"),
    taxonomy: TaxonomyName = "voc",
    grid: Grid = "513x513",
    key: Annotated[str, typer.Option(help="Releasing again with the same key answers with the same version.")] = "",
    json: Json = False,
) -> None:
    """Wrap and check a network, and release it as the next version of the model that its card names."""
    _take(onnx, card, repository, taxonomy, grid, release=True, key=key, offline=offline, json=json)


@app.command("list")
def listed(json: Json = False) -> None:
    """List all models with their roles and versions."""
    with connect() as client:
        found = client.models()
    if json:
        emit(found)
        return
    made = table("model", "role", "serves>", "versions>", "size>", "description")
    for item in found:
        serves = ", ".join(map(str, item.serving)) or "–"
        made.add_row(item.name, item.role or "–", serves, count(len(item.versions)), _size(item), item.description)
    show(made if found else "No model yet: `madseg model add` adds one.")


@app.command("show")
def shown(name: Annotated[str, typer.Argument(help="Its name.")], json: Json = False) -> None:
    """Show a model with its versions and its card."""
    with connect() as client:
        found = client.model(name)
    if json:
        emit(found)
        return
    model = found.model
    made = table("version>", "added", "size>", "entropy", "classes>", "sha256")
    for item in model.versions:
        entropy = "yes" if item.has_entropy else "no"
        figures = (entropy, count(len(item.covers)), item.sha256[:12] or "–")
        made.add_row(count(item.version), item.created[:10] or "–", _megabytes(item.bytes), *figures)
    show(headed(model.name, f", {model.role}: {model.description}"), "", made, "")
    if found.card.strip():
        typer.echo(found.card.rstrip())


@app.command("role")
def role(
    name: Annotated[str, typer.Argument(help="Its name.")],
    to: Annotated[str, typer.Argument(metavar="ROLE", help="target, competitor or retired.")],
    json: Json = False,
) -> None:
    """Give a model another role; retired takes it out of the competition."""
    with connect() as client:
        found = client.set_role(name, to)
    if json:
        emit(found)
        return
    show(headed(found.name, f" is {found.role} now."))


@app.command("serve")
def serve(
    name: Annotated[str, typer.Argument(help="Its name.")],
    versions: Annotated[list[int], typer.Argument(metavar="VERSION...", help="Version numbers.", min=1)],
    json: Json = False,
) -> None:
    """Choose which versions of a model take part; each is loaded and asked about a picture first."""
    with connect() as client:
        switched = client.serve_versions(name, versions)
    _tell_switch(switched, json=json)


@app.command("rollback")
def rollback(
    name: Annotated[str, typer.Argument(help="Its name.")],
    back_from: Annotated[
        int, typer.Option("--from", metavar="VERSION", min=0, help="Only where this is the newest that takes part.")
    ] = 0,
    json: Json = False,
) -> None:
    """Go back to the version before the newest that takes part, which then does so alone."""
    with connect() as client:
        switched = client.rollback_version(name, expected_newest=back_from)
    _tell_switch(switched, json=json)


def _take(
    onnx: Path,
    card: Path,
    repository: Path,
    taxonomy: str,
    grid: str,
    *,
    release: bool,
    offline: bool,
    json: bool,
    key: str = "",
) -> None:
    """Through the server whose address is given; where none is, straight into the folder, and says so."""
    from madseg.client import Unavailable
    from madseg.core.errors import NotFound

    try:
        text = card.read_text(encoding="utf-8")
    except OSError as error:
        raise NotFound(f"card {card} can't be read: {error.strerror}") from error
    if not offline:
        try:
            with connect() as client:
                if release:
                    made = client.release_version(onnx, text, idempotency_key=key)
                else:
                    made = client.add_model(onnx, text)
            _tell(made.model.name, made.version, made.findings, "the running server", json=json)
            return
        except Unavailable as error:
            if error.answered:
                raise
            if error.address is not None:  # whoever named a server doesn't want the network in a folder instead
                fail(f"{explained(error)}; `--offline` writes to {repository} without a server")
            remark(f"No address of a server is known: writing to {repository} directly.")
    name, number, findings = _take_offline(onnx, card, repository, taxonomy, grid, release=release, key=key)
    _tell(name, number, findings, f"{repository}, without a server", json=json)


def _take_offline(
    onnx: Path, card: Path, repository: Path, taxonomy: str, grid: str, *, release: bool, key: str
) -> tuple[str, int, Sequence[str]]:
    """Name, version and findings of a network that is written into the folder."""
    from madseg.predictor.apart.asking import Apart

    with Apart() as apart:  # it loads what it needs while this process does
        from datetime import UTC, datetime

        from madseg import project
        from madseg.core.preprocess import parse_size
        from madseg.predictor.add import add_model, release_model
        from madseg.predictor.card import load_card
        from madseg.predictor.models import Config
        from madseg.predictor.repository import ModelRepository
        from madseg.settings import load

        ours = {key: text for key, text in os.environ.items() if key.startswith("MADSEG_TRITON_")}
        parsed, folder = load_card(card, onnx.stem), ModelRepository(repository, load(Config, ours).serving)
        size = parse_size(grid)
        where = (folder, project.taxonomy(taxonomy), (size.height, size.width), datetime.now(UTC))
        if release:
            made = release_model(onnx, parsed.name, *where, verify=apart, card=parsed, key=key or None)
        else:
            made = add_model(onnx, parsed, *where, verify=apart)
    report = made.report
    agreement = f"{report.agreement:.2%} of the labels agree with the unwrapped network on the worst of "
    return made.name, made.version, [f"{agreement}{report.images} pictures", *report.warnings]


def _tell(name: str, version: int, findings: Sequence[str], where: str, *, json: bool) -> None:
    if json:
        emit({"model": name, "version": version, "findings": findings, "where": where})
        return
    show(headed(name, f" version {version} is in {where}."), *(f"  - {line}" for line in findings))


def _tell_switch(switched: "Switched", *, json: bool) -> None:
    if json:
        emit(switched)
        return
    model, gone = switched.model, sorted({*switched.before} - {*switched.model.serving})
    show(headed(model.name, f" serves {_versions(model.serving)} now; before, {_versions(switched.before)}."))
    if gone:
        show(f"What {_versions(gone)} predicted stays, and `madseg model serve` takes it back in.")


def _versions(numbers: Sequence[int]) -> str:
    """`version 1`, `versions 1 and 2`."""
    listed = " and ".join(filter(None, [", ".join(map(str, numbers[:-1])), *map(str, numbers[-1:])]))
    return f"version{'s' * (len(numbers) != 1)} {listed}"


def _size(item: "Model") -> str:
    return _megabytes(item.versions[-1].bytes if item.versions else 0)


def _megabytes(size: int) -> str:
    """A dash for models whose predictions come from elsewhere: they have no file."""
    return f"{size / 1e6:,.1f} MB" if size else "–"
