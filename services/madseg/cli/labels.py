"""`madseg labels`: masks in the formats of other tools, to and from the labelling service (madseg.exchange)."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from madseg.cli.arguments import Json, connect
from madseg.cli.masks import PURPOSES

if TYPE_CHECKING:
    from enum import StrEnum

    from madseg.client.values.masks import DrawnMask
    from madseg.exchange import NamedMask, Policy, Refused

E = TypeVar("E", bound="StrEnum")

FORMATS = "voc, npy, coco-panoptic, coco, cvat-mask, cvat-xml, label-studio, labelbox or cityscapes"

app = typer.Typer(no_args_is_help=True, help="Carry masks to and from other tools.")

FormatName = Annotated[str, typer.Argument(metavar="FORMAT", help=f"{FORMATS[0].upper()}{FORMATS[1:]}.")]
Overlapping = Annotated[
    str | None, typer.Option("--overlaps", help="Where classes overlap: refuse, later, smaller or z-order on top.")
]
GapsAre = Annotated[
    str | None, typer.Option("--gaps", help="Pixels that no instance covers: background (where there is one) or void.")
]
UnknownAre = Annotated[str, typer.Option("--unknown", help="Classes the taxonomy lacks: refuse or void.")]
Maps = Annotated[
    list[str] | None, typer.Option("--map", metavar="THEIRS=OURS", help="Another name of a class; OURS may be void.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]


@app.command("import")
def import_(
    form: FormatName,
    path: Annotated[Path, typer.Argument(help="The folder or file that the other tool wrote.")],
    by_name: Annotated[bool, typer.Option(help="Masks are named as their images were when they came in.")] = False,
    annotator: Annotated[str, typer.Option(help="Who drew them. Default: whose token it is.")] = "",
    overlaps: Overlapping = None,
    gaps: GapsAre = None,
    unknown: UnknownAre = "refuse",
    map_: Maps = None,
    json: Json = False,
) -> None:
    """Bring in masks that were drawn elsewhere; each waits for review.

    A mask's name is its image's id (or, with --by-name, its image's name). Outside the part of the picture that the
    models see it becomes void. Masks sent twice are one revision.
    """
    from madseg.cli.imports import served_taxonomy
    from madseg.cli.mask_images import images_by_id, images_by_name
    from madseg.cli.mask_tally import MaskTally
    from madseg.cli.progress import tracked
    from madseg.exchange import format_named

    tally = MaskTally(json=json)
    with connect() as client:
        items = format_named(form).read(
            path, served_taxonomy(client.selector_status()), _policy(overlaps, gaps, unknown, map_)
        )
        images = images_by_name(client, quiet=json) if by_name else images_by_id(client)
        # The client draws masks in another thread: what that finds is told here.
        sent: deque[str] = deque()
        refused: deque[Refused] = deque()
        ready = _drawn(images.placed(items, refused.append), annotator, sent)
        for result in tracked(client.import_masks(ready), "masks", quiet=json):
            tally.imported(sent.popleft(), result)
            _drain(refused, tally.refuse)
        _drain(refused, tally.refuse)
    tally.finish("taken in")


@app.command("export")
def export(
    form: FormatName,
    path: Annotated[Path, typer.Argument(help="The folder or file to write.")],
    campaign: Annotated[str, typer.Option(help="Only masks of this campaign.")] = "",
    purpose: Annotated[
        str | None,
        typer.Option(help=f"Only for this: {PURPOSES}. Default: all but second_opinion."),
    ] = None,
    by_name: Annotated[bool, typer.Option(help="Name masks as their images were when they came in.")] = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write accepted masks, named by their images' ids. The same command resumes a run that was cut off.

    Of what was accepted meanwhile some is left out then; a later run has it.
    """
    from madseg.cli.imports import served_taxonomy
    from madseg.cli.mask_images import name_by_image
    from madseg.cli.mask_tally import MaskTally
    from madseg.cli.output import remark
    from madseg.cli.progress import tracked
    from madseg.core.errors import InvalidInput
    from madseg.core.label_map import decode
    from madseg.exchange import NamedMask, format_named
    from madseg.exchange.unfinished import unfinished

    chosen, tally = format_named(form), MaskTally(json=json)
    what = f"labels export {form}, campaign {campaign or 'all'}, purpose {purpose or 'any'}"
    with connect() as client:
        taxonomy, name = served_taxonomy(client.selector_status()), name_by_image(client, by_name=by_name)
        with unfinished(path, what) as mark, chosen.writer(path, taxonomy, overwrite=overwrite) as writer:
            if mark.after:
                remark(f"Going on after image {mark.after}; masks accepted since may be missing.")
            # The image is for a service that is older than the token.
            after = {"after_image_id": mark.after, "resume_token": mark.token}
            masks = client.export_masks(campaign, purpose=purpose, **after)
            for mask in tracked(masks, "masks", quiet=json):
                try:
                    if mask.image_id == mark.after:
                        raise InvalidInput("it is another mask of the same image: choose with --campaign or --purpose")
                    writer.write(NamedMask(name(mask.image_id), decode(mask.label_map)))
                    tally.written(mask.image_id)
                except InvalidInput as error:
                    tally.refused(mask.image_id, str(error))
                mark.reach(mask.image_id, mask.resume_token)
    tally.finish("written")


@app.command("convert")
def convert(
    from_form: Annotated[str, typer.Argument(metavar="FROM", help=f"The format of PATH: {FORMATS}.")],
    from_path: Annotated[Path, typer.Argument(metavar="PATH", help="The folder or file to read.")],
    to_form: Annotated[str, typer.Argument(metavar="TO", help="The format to write.")],
    to_path: Annotated[Path, typer.Argument(metavar="PATH", help="The folder or file to write.")],
    taxonomy: Annotated[str, typer.Option(envvar="MADSEG_TAXONOMY", help="Built-in taxonomy or JSON file.")] = "voc",
    overlaps: Overlapping = None,
    gaps: GapsAre = None,
    unknown: UnknownAre = "refuse",
    map_: Maps = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write masks of one format in another, without any service. Masks that are there already are left as they are."""
    from madseg import project
    from madseg.cli.mask_tally import MaskTally
    from madseg.cli.progress import tracked
    from madseg.core.errors import InvalidInput
    from madseg.exchange import Refused, format_named
    from madseg.exchange.unfinished import unfinished

    chosen, tally = project.taxonomy(taxonomy), MaskTally(json=json)
    items = format_named(from_form).read(from_path, chosen, _policy(overlaps, gaps, unknown, map_))
    what = f"labels convert {from_form} {from_path} {to_form}"
    target = format_named(to_form)
    with unfinished(to_path, what) as mark, target.writer(to_path, chosen, overwrite=overwrite) as writer:
        for item in tracked(items, "masks", quiet=json):
            try:
                if isinstance(item, Refused):
                    tally.refuse(item)
                elif writer.has(item.name):
                    tally.there(item.name)
                else:
                    writer.write(item)
                    mark.reach(item.name)
                    tally.written(item.name)
            except InvalidInput as error:
                tally.refused(item.name, str(error))
    tally.finish("written")


def _drawn(masks: "Iterable[tuple[str, NamedMask]]", annotator: str, sent: "deque[str]") -> "Iterator[DrawnMask]":
    """The client's form of masks and their images; `sent` gets their names in the order in which answers come."""
    from madseg.client.values.masks import DrawnMask
    from madseg.core.label_map import encode

    for image_id, mask in masks:
        sent.append(mask.name)
        yield DrawnMask(image_id, encode(mask.label_map), annotator)


def _drain(waiting: "deque[Refused]", told: "Callable[[Refused], None]") -> None:
    while waiting:
        told(waiting.popleft())


def _policy(overlaps: str | None, gaps: str | None, unknown: str, maps: Sequence[str] | None) -> "Policy":
    from madseg.exchange import Gaps, Overlaps, Policy, Unknown

    return Policy(
        _choice(Overlaps, overlaps, "--overlaps") if overlaps else None,
        _choice(Gaps, gaps, "--gaps") if gaps else None,
        _choice(Unknown, unknown, "--unknown"),
        _names(maps or ()),
    )


def _choice(kind: type[E], text: str, option: str) -> E:
    try:
        return kind(text)
    except ValueError:
        raise typer.BadParameter(f"it must be {' or '.join(kind)}, got {text!r}", param_hint=option) from None


def _names(texts: Sequence[str]) -> Mapping[str, str]:
    pairs = [text.partition("=") for text in texts]
    for text, (theirs, stroke, ours) in zip(texts, pairs, strict=True):
        if not theirs or not stroke or not ours:
            raise typer.BadParameter(f"a class is written THEIRS=OURS, got {text!r}", param_hint="--map")
    return {theirs: ours for theirs, _, ours in pairs}
