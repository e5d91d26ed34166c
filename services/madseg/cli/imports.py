"""`madseg import-predictions`: label maps that networks predicted elsewhere."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from madseg.cli.arguments import Json, connect
from madseg.cli.output import remark

if TYPE_CHECKING:
    from madseg.cli.sending import Tally
    from madseg.client import Client, ImportedMaps, SelectorStatus, Upload
    from madseg.core.taxonomy import Taxonomy
    from madseg.gateway import upload as sources


def import_predictions(
    model: Annotated[list[str], typer.Option(metavar="NAME=DIR", help="A model and the folder of its label maps.")],
    images: Annotated[Path | None, typer.Option(help="Folder of the photographs; without, only maps are kept.")] = None,
    target: Annotated[str | None, typer.Option(help="Which of the models is the target.")] = None,
    grid: Annotated[
        str, typer.Option(envvar="MADSEG_GRID", help="The services' canonical grid, HEIGHTxWIDTH.")
    ] = "513x513",
    source: Annotated[str, typer.Option(help="Where the images come from, as rankings show it.")] = "import",
    json: Json = False,
) -> None:
    """Bring in label maps (PNG or npy, one folder a model) that were predicted elsewhere.

    Files belong together by their path below their folder, without ending. Models that don't exist yet are registered.
    """
    from madseg.cli.sending import finish
    from madseg.core.messages import VersionRef
    from madseg.core.preprocess import parse_size
    from madseg.gateway.sources.label_maps import label_maps

    folders = _folders(model)
    with connect() as client:
        versions = _registered(client, list(folders), target)
        taxonomy = served_taxonomy(client.selector_status())
        wanted = {VersionRef(name, versions[name]): folder for name, folder in folders.items()}
        items = label_maps(wanted, parse_size(grid), taxonomy, photographs=images, source=source)
        tally = _send(client, items, json=json)
    finish(tally, "Images with predictions", json=json)


def served_taxonomy(status: "SelectorStatus") -> "Taxonomy":
    """The taxonomy that the services work with."""
    from madseg.core.taxonomy import SegmentationClass, Taxonomy

    ranked = set(status.ranked)
    pairs = zip(status.class_names, status.colours, strict=True)
    return Taxonomy("served", tuple(SegmentationClass(name, colour, name in ranked) for name, colour in pairs))


def _folders(texts: Sequence[str]) -> dict[str, Path]:
    """Folders by model, of texts NAME=DIR."""
    found = {}
    for text in texts:
        name, stroke, folder = text.partition("=")
        if not name or not stroke or not folder or name in found:
            raise typer.BadParameter(f"each model is given once as NAME=DIR, got {text!r}", param_hint="--model")
        found[name] = Path(folder)
    return found


def _registered(client: "Client", names: Sequence[str], target: str | None) -> Mapping[str, int]:
    """The version of each model that the maps count for; models that don't exist are registered first."""
    from madseg.core.errors import InvalidInput

    known = {item.name: item for item in client.models()}
    if target is not None and target not in {*names, *known}:
        raise InvalidInput(f"target {target!r} is none of the models: {', '.join(names)}")
    versions = {}
    for name in names:
        found = known.get(name)
        if found is None:
            found = client.register_imported(name, "target" if name == target else "competitor")
            remark(f"Registered {name} as {found.role}, predicted elsewhere.")
        elif not found.imported:
            raise InvalidInput(f"model {name!r} is served here; give the maps from elsewhere another name")
        versions[name] = found.versions[-1].version
    return versions


def _send(client: "Client", items: "Iterable[sources.ImportedMaps | sources.Refused]", *, json: bool) -> "Tally":
    """Sends photographs first, then the maps of those that were taken."""
    from madseg.cli.progress import tracked
    from madseg.cli.sending import Tally, tell

    tally = Tally()
    refused: deque[sources.Refused] = deque()
    ready = _with_photographs(client, items, refused)
    for result in tracked(client.import_predictions(ready), "images", quiet=json):
        tell(result, tally, json=json)
    for refusal in refused:
        tell(refusal, tally, json=json)
    return tally


def _with_photographs(
    client: "Client", items: "Iterable[sources.ImportedMaps | sources.Refused]", refused: "deque[sources.Refused]"
) -> "Iterator[ImportedMaps]":
    """The maps that may be sent: those without photograph, and those whose photograph was taken."""
    from madseg.client import Refused, Upload
    from madseg.gateway import upload as sources

    waiting: deque[sources.ImportedMaps] = deque()

    def photographs() -> "Iterator[Upload]":
        for item in items:
            if isinstance(item, sources.Refused):
                refused.append(item)
                continue
            waiting.append(item)
            if item.photograph is not None:
                yield Upload(Path(item.photograph).read_bytes(), item.name, item.source)

    for result in client.upload_many(photographs()):
        # Items come with photographs or without, never mixed: each answer is that of the oldest.
        item = waiting.popleft()
        if isinstance(result, Refused):
            refused.append(sources.Refused(result.name, result.reason))
        else:
            yield _wire(item)
    yield from map(_wire, waiting)


def _wire(item: "sources.ImportedMaps") -> "ImportedMaps":
    """The client's form of what the source yields."""
    from madseg.client import ImportedMap, ImportedMaps, Version

    maps = [ImportedMap(Version(ref.model, ref.version), content) for ref, content in item.maps]
    return ImportedMaps(item.image_id, maps, item.name, item.source)
