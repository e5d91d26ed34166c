"""`madseg masks`: who draws what, and how far it is."""

from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from madseg.cli.arguments import Json, connect
from madseg.cli.output import count, emit, headed, moment, several, show, table

if TYPE_CHECKING:
    from madseg.client import MaskTask, MaskTasksMade

app = typer.Typer(no_args_is_help=True, help="Have masks drawn and checked.")

Campaign = Annotated[str, typer.Option(help="Of this campaign.")]
BATCH = 1000
"""Images of one call."""

STATES = "waiting, drawing, submitted, in_review, accepted, sent_back, cancelled"
PURPOSES = "counterexample, test, random_lane, second_opinion, contest"


@app.command("create")
def create(
    campaign: Annotated[str, typer.Option(help="Which campaign. Default: the newest that is closed.")] = "",
    annotator: Annotated[
        list[str] | None, typer.Option(help="Who draws; may be repeated. Default: whoever takes one.")
    ] = None,
    double_share: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share that is drawn twice. [default: 0.05]")
    ] = None,
    json: Json = False,
) -> None:
    """Make tasks for the images of a campaign's S and T. Done again it adds what is new."""
    with connect() as client:
        made = client.create_mask_tasks(campaign, annotator or (), double_share=double_share)
    _show_made(made, json)


@app.command("add")
def add(
    images: Annotated[list[str] | None, typer.Argument(metavar="[IMAGE...]", help="Ids of images.")] = None,
    purpose: Annotated[str, typer.Option(help="What they are for: random_lane, counterexample or contest.")] = "",
    campaign: Annotated[
        str, typer.Option(help="Counterexamples: trained on with its S. Default: the newest that is closed.")
    ] = "",
    random_lane: Annotated[
        int, typer.Option(min=0, help="So many images of the random lane, drawn by lot; again: the same ones.")
    ] = 0,
    candidate_set: Annotated[str, typer.Option("--set", help="All images of a set with contestants.")] = "",
    json: Json = False,
) -> None:
    """Make tasks for images of your own choice, of the random lane, or of a competition."""
    if (bool(images) + bool(random_lane) + bool(candidate_set)) != 1:
        raise typer.BadParameter("name images, or --random-lane, or --set: one of the three")
    if (random_lane and purpose not in ("", "random_lane")) or (candidate_set and purpose not in ("", "contest")):
        raise typer.BadParameter("--random-lane and --set say what the masks are for", param_hint="--purpose")
    with connect() as client:
        chosen, what = list(images or ()), purpose
        if random_lane:
            # Ids are hashes, and so lots: the first ones are as good as any.
            chosen, what = sorted(client.images(random_lane=True))[:random_lane], "random_lane"
        elif candidate_set:
            chosen = [item.image_id for item in client.candidates(candidate_set, page_size=1000)]
            what = "contest"
        parts = [chosen[at : at + BATCH] for at in range(0, len(chosen), BATCH)]
        made = [client.add_mask_tasks(some, what, campaign_id=campaign) for some in parts]
    _show_made(_summed(made), json)


def _summed(made: "list[MaskTasksMade]") -> "MaskTasksMade":
    from madseg.client import MaskTasksMade

    return MaskTasksMade(sum(item.created for item in made), sum(item.present for item in made))


@app.command("reassign")
def reassign(
    task: Annotated[str, typer.Argument(help="Which task.")],
    to: Annotated[str, typer.Option(help="Who draws it, or reviews it. Default: whoever takes it.")] = "",
    json: Json = False,
) -> None:
    """Hand a task to somebody else, or its review where it is handed in. What was drawn and found stays."""
    with connect() as client:
        found = client.reassign_mask_task(task, to)
    if json:
        emit(found)
        return
    show(_described(found))


@app.command("list")
def listed(
    campaign: Campaign = "",
    state: Annotated[str | None, typer.Option(help=f"In this state: {STATES}.")] = None,
    purpose: Annotated[str | None, typer.Option(help=f"For this: {PURPOSES}.")] = None,
    annotator: Annotated[str, typer.Option(help="Drawn by.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many. Default: all.")] = None,
    json: Json = False,
) -> None:
    """List tasks. JSON comes in lines, one a task."""
    with connect() as client:
        found = islice(client.mask_tasks(campaign, state=state, purpose=purpose, annotator=annotator), limit)
        if json:
            for item in found:
                emit(item)
            return
        made = table("task", "for", "state", "annotator", "reviewer")
        for item in found:
            people = (item.annotator or "–", item.reviewer or "–")
            made.add_row(item.id, _words(item.purpose), _words(item.state), *people)
    show(made if made.row_count else "No such task: `madseg masks create` makes those of S and T.")


@app.command("show")
def shown(task: Annotated[str, typer.Argument(help="Which task.")], json: Json = False) -> None:
    """Show a task with its findings and messages."""
    with connect() as client:
        found = client.mask_task(task)
    if json:
        emit(found)
        return
    show(_described(found))
    if found.findings:
        made = table("#>", "revision>", "x>", "y>", "what", "state", "by", "text")
        for item in found.findings:
            place = map(count, (item.number, item.revision, item.x, item.y))
            made.add_row(*place, _words(item.type), item.state, item.author, item.text)
        show("", made)
    for message in found.messages:
        show("", Text(f"{message.author}, {moment(message.at)}: {message.text}"))


@app.command("ceiling")
def ceiling(campaign: Campaign = "", json: Json = False) -> None:
    """Show how alike masks are that two people drew of the same image: more can't be asked of a model."""
    with connect() as client:
        found = client.human_ceiling(campaign)
    if json:
        emit(found)
        return
    if found.mean_iou is None:
        show("No image has two accepted masks yet.")
        return
    show(f"Mean mIoU of two people's masks {found.mean_iou:.3f}, over {several(found.images, 'image')}.")


def _show_made(made: "MaskTasksMade", json: bool) -> None:
    if json:
        emit(made)
        return
    show(f"{several(made.created, 'task')} made; {several(made.present, 'image')} had one already.")


def _described(item: "MaskTask") -> Text:
    lines = [
        f": {_words(item.purpose)}, {_words(item.state)}; changed {moment(item.changed_at)}.",
        f"Image {item.image_id}, {item.size.width} x {item.size.height}"
        + (f"; the failure of {item.target}." if item.target else "."),
        f"Drawn by {item.annotator or 'nobody'} in {item.seconds_drawing / 60:.0f} min, "
        f"{several(item.revision, 'revision')}; reviewed by {item.reviewer or 'nobody'}.",
    ]
    return headed(item.id, "\n".join(lines))


def _words(value: str) -> str:
    return str(value).replace("_", " ")
