"""`madseg exclude`, `restore` and `forget`: images that must not be mined, or must be gone."""

from typing import Annotated

import typer

from madseg.cli.arguments import ImageId, Json, connect, image_id
from madseg.cli.output import count, emit, headed, show

Images = Annotated[list[str], typer.Argument(metavar="IMAGE...", help="Ids of images.")]
BATCH = 1000
"""How many ids a call takes."""


def exclude(
    images: Images,
    reason: Annotated[str, typer.Option(help="Why: veto, training, or a word of your own.")] = "veto",
    json: Json = False,
) -> None:
    """Keep images out of rankings and candidate sets, until they are restored."""
    ids = [image_id(text) for text in images]
    with connect() as client:
        changed = sum(client.exclude(ids[at : at + BATCH], reason) for at in range(0, len(ids), BATCH))
    if json:
        emit({"excluded": changed, "reason": reason})
        return
    show(f"Newly kept out for {reason!r}: {count(changed)} of {count(len(ids))}.")


def restore(
    images: Images,
    reason: Annotated[str, typer.Option(help="The reason that was given.")] = "veto",
    json: Json = False,
) -> None:
    """Take exclusions back."""
    ids = [image_id(text) for text in images]
    with connect() as client:
        changed = sum(client.restore(ids[at : at + BATCH], reason) for at in range(0, len(ids), BATCH))
    if json:
        emit({"restored": changed, "reason": reason})
        return
    show(f"Taken back for {reason!r}: {count(changed)} of {count(len(ids))}.")


def forget(
    image: ImageId,
    reason: Annotated[str, typer.Option(help="Why, for the audit.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    json: Json = False,
) -> None:
    """Forget an image everywhere and for ever, with all that was said and drawn of it. Prints the receipt."""
    chosen = image_id(image)
    if not yes:
        typer.confirm(f"Forget image {chosen} for ever? This can't be taken back.", abort=True, err=True)
    with connect() as client:
        receipt = client.forget(chosen, reason)
    if json:
        emit(receipt)
        return
    show(headed(receipt.image_id, " is forgotten."))
    for title, lines in (("Gone now", receipt.gone), ("Gone later", receipt.later), ("Stays", receipt.stays)):
        if lines:
            show(f"{title}:", *(f"  - {line}" for line in lines))
