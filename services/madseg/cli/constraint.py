"""`madseg constraint`: learns the content constraint from the training masks (core.content)."""

import json as documents
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from madseg.cli.arguments import Json
from madseg.cli.output import count, emit, remark, share, show, table

if TYPE_CHECKING:
    from madseg.core.content import Learned, Method
    from madseg.core.preprocess import Size
    from madseg.core.taxonomy import Taxonomy
    from madseg.gateway.upload import Refused


def constraint(
    masks: Annotated[Path, typer.Argument(help="Folder of training masks: PNG or npy of class indices.")],
    method: Annotated[str, typer.Option(help="quartiles (the paper) or deviation (its code).")] = "quartiles",
    taxonomy: Annotated[str, typer.Option(envvar="MADSEG_TAXONOMY", help="Built-in taxonomy or JSON file.")] = "voc",
    grid: Annotated[str, typer.Option(envvar="MADSEG_GRID", help="Canonical grid, HEIGHTxWIDTH.")] = "513x513",
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write it.")] = Path("constraint.json"),
    json: Json = False,
) -> None:
    """Learn from training masks how much of a picture each class usually takes."""
    from madseg import project
    from madseg.cli.sending import Tally
    from madseg.core.content import learn
    from madseg.core.errors import NotFound
    from madseg.core.preprocess import parse_size

    chosen, size, way = project.taxonomy(taxonomy), parse_size(grid), _method(method)
    refused: list[Refused] = []
    areas = list(_areas(masks, size, chosen, refused, quiet=json))
    if not areas:
        raise NotFound(f"{masks} has no mask that can be read{f': {refused[0].reason}' if refused else ''}")
    learned = learn(areas, chosen.ranked, way)
    document = _document(learned, chosen, size, way)
    output.write_text(documents.dumps(document, indent=2) + "\n", encoding="utf-8")
    tally = Tally(accepted=len(areas))
    for item in refused:
        tally.add(item)
    if json:
        emit({**document, "read": len(areas), "refused": len(refused), "output": str(output)})
    else:
        _tell(learned, chosen, len(areas), output)
    if refused:
        from madseg.cli.sending import finish

        finish(tally, "Masks", json=json)


def _areas(
    masks: Path, grid: "Size", taxonomy: "Taxonomy", refused: "list[Refused]", *, quiet: bool
) -> Iterator[Mapping[int, float]]:
    """The share of the grid that each class takes, mask by mask."""
    from madseg.cli.progress import tracked
    from madseg.core.label_map import decode
    from madseg.core.messages import VersionRef
    from madseg.gateway.sources.label_maps import label_maps
    from madseg.gateway.upload import Refused

    for item in tracked(label_maps({VersionRef("masks", 1): masks}, grid, taxonomy), "masks", quiet=quiet):
        if isinstance(item, Refused):
            refused.append(item)
            continue
        pixels = decode(item.maps[0][1]).areas()[: len(taxonomy)]
        yield {label: int(area) / grid.pixels for label, area in enumerate(pixels) if area}


def _method(text: str) -> "Method":
    from madseg.core.content import Method

    try:
        return Method(text)
    except ValueError:
        raise typer.BadParameter(f"{' or '.join(Method)}, got {text!r}", param_hint="--method") from None


def _document(learned: "Learned", taxonomy: "Taxonomy", grid: "Size", method: "Method") -> dict[str, object]:
    """What the file says; `madseg.project.constraint` reads it."""
    names = taxonomy.names
    return {
        "taxonomy": taxonomy.id,
        "grid": str(grid),
        "method": method.value,
        "bounds": {names[label]: list(bounds) for label, bounds in sorted(learned.constraint.bounds.items())},
        "masks": {names[label]: number for label, number in sorted(learned.masks.items())},
    }


def _tell(learned: "Learned", taxonomy: "Taxonomy", read: int, output: Path) -> None:
    made = table("class", "masks>", "least>", "most>")
    for label, number in sorted(learned.masks.items()):
        low, high = learned.constraint.bounds.get(label, (None, None))
        made.add_row(taxonomy.names[label], count(number), share(low), share(high))
    show(made, "", f"Learnt from {count(read)} masks, written to {output}.")
    if learned.free:
        free = ", ".join(taxonomy.names[label] for label in learned.free)
        remark(f"madseg: warning: too few masks contain {free}: every share of the picture counts for them.")
