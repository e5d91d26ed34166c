"""`madseg campaign`: people score the candidates, and what is chosen by their scores."""

from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from madseg.cli.arguments import Json, connect
from madseg.cli.output import count, emit, headed, moment, remark, several, share, show, table

if TYPE_CHECKING:
    from rich.table import Table

    from madseg.client import Agreement, Campaign, ChosenImage, ChosenSets, Opinion

app = typer.Typer(no_args_is_help=True, help="Have people score the candidates, and choose S and T.")

CampaignId = Annotated[str, typer.Argument(metavar="[CAMPAIGN]", help="Which campaign. Default: the newest.")]
Limit = Annotated[int | None, typer.Option(min=1, help="At most this many. Default: all.")]

MAX_SEED = (1 << 64) - 1


@app.command("create")
def create(
    candidate_set: Annotated[
        str, typer.Argument(metavar="[SET]", help="Which candidate set. Default: the newest.")
    ] = "",
    raters: Annotated[int | None, typer.Option(min=1, max=50, help="Ratings of each image. [default: 3]")] = None,
    counterexamples: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Images of S, the paper's n4. [default: 100]")
    ] = None,
    test_reserved: Annotated[
        int | None, typer.Option(min=0, max=10_000, help="Images reserved for T. [default: 40]")
    ] = None,
    test_reported: Annotated[
        int | None, typer.Option(min=0, max=10_000, help="Images of T that are reported. [default: 30]")
    ] = None,
    test_per_class: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Images of T with the same main class. [default: 4]")
    ] = None,
    adaptive: Annotated[bool, typer.Option("--adaptive", help="Stop asking about images that S can't need.")] = False,
    full_share: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share that gets all raters all the same. [default: 0.1]")
    ] = None,
    repeat_share: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share that a rater sees twice. [default: 0.05]")
    ] = None,
    lease_seconds: Annotated[
        int | None, typer.Option(min=10, max=86_400, help="How long an image waits for its rater. [default: 900]")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=MAX_SEED, help="Decides orders and draws.")] = None,
    key: Annotated[str, typer.Option(help="Creating again with the same key answers with the same campaign.")] = "",
    note: Annotated[str, typer.Option(help="A note for people.")] = "",
    json: Json = False,
) -> None:
    """Open a campaign: raters are given the images of a candidate set to score."""
    from madseg.client import CampaignPlan

    plan = CampaignPlan(
        raters,
        counterexamples,
        test_reserved,
        test_reported,
        test_per_class,
        adaptive or None,
        full_share,
        repeat_share,
        lease_seconds,
        seed,
    )
    with connect() as client:
        made = client.create_campaign(candidate_set, plan, note=note, idempotency_key=key)
    if warning := _too_few(made):
        remark(warning)
    if json:
        emit(made)
        return
    show(_described(made), "Raters score on the page Score; `madseg campaign show` says how far they are.")


@app.command("list")
def listed(json: Json = False) -> None:
    """List the campaigns, newest first."""
    with connect() as client:
        found = list(client.campaigns())
    if json:
        emit(found)
        return
    made = table("campaign", "created", "target", "state", "finished>", "note")
    for item in found:
        finished = f"{count(item.finished)} of {count(item.images)}"
        made.add_row(item.id, moment(item.created_at), str(item.target), item.state, finished, item.note)
    show(made if found else "No campaign yet: `madseg campaign create` opens one.")


@app.command("show")
def shown(campaign: CampaignId = "", json: Json = False) -> None:
    """Show how a campaign is run and how far it has come."""
    with connect() as client:
        found = client.campaign(campaign)
    if json:
        emit(found)
        return
    show(_described(found))


@app.command("opinions")
def opinions(campaign: CampaignId = "", limit: Limit = None, json: Json = False) -> None:
    """List what raters think of each image, worst first. JSON comes in lines, one an image."""
    with connect() as client:
        found = islice(client.opinions(campaign), limit)
        if json:
            for item in found:
                emit(item)
            return
        made = table("#>", "image", "opinion>", "adjusted>", "grades>", "discrepancy>")
        for rank, item in enumerate(found, 1):
            figures = (_score(item.adjusted), count(item.grades), share(item.mean_discrepancy))
            made.add_row(count(rank), item.image_id, _opinion(item), *figures)
    show(made)


@app.command("vetoes")
def vetoes(campaign: CampaignId = "", json: Json = False) -> None:
    """List the vetoes, in force and taken back, newest first."""
    with connect() as client:
        found = client.vetoes(campaign)
    if json:
        emit(found)
        return
    made = table("image", "rater", "when", "reason", "text", "taken back by")
    for item in found:
        reason = "–" if item.reason is None else item.reason.replace("_", " ")
        made.add_row(item.image_id, item.rater, moment(item.at), reason, item.text, item.revoked_by or "–")
    show(made if found else "No veto.")


@app.command("unveto")
def unveto(
    image: Annotated[str, typer.Argument(help="The image's id.")], campaign: CampaignId = "", json: Json = False
) -> None:
    """Take every veto of an image back: it is scored on."""
    with connect() as client:
        revoked = client.revoke_vetoes(image, campaign)
    if json:
        emit({"image_id": image, "revoked": revoked})
        return
    show(headed(image, f": vetoes taken back: {count(revoked)}."))


@app.command("agreement")
def agreement(campaign: CampaignId = "", json: Json = False) -> None:
    """Show how well raters agree, with each other and with themselves, and what it has cost."""
    with connect() as client:
        found = client.agreement(campaign)
    if json:
        emit(found)
        return
    made = table("rater", "grades>", "mean>", "bias>", "spread>", "vetoes>", "can't judge>", "same again>")
    for item in found.raters:
        again = "–" if item.self_agreement is None else f"{item.self_agreement:.0%} of {count(item.repeats)}"
        made.add_row(
            item.rater,
            count(item.grades),
            *map(_score, (item.mean_grade, item.bias, item.inconsistency)),
            f"{count(item.vetoes)} ({item.veto_rate:.0%})",
            count(item.abstentions),
            again,
        )
    show(_agreed(found), "", made)


@app.command("cancel")
def cancel(campaign: Annotated[str, typer.Argument(help="Which campaign.")], json: Json = False) -> None:
    """End a campaign before its time, with its masks that aren't accepted. What was said is kept and carries over."""
    with connect() as client:
        found = client.cancel_campaign(campaign)
    if json:
        emit(found)
        return
    show(_described(found))


@app.command("choose")
def choose(
    campaign: CampaignId = "",
    allow_incomplete: Annotated[bool, typer.Option(help="Leave out images that still lack judgements.")] = False,
    json: Json = False,
) -> None:
    """Reserve T, cut S from the rest, and close the campaign. Done again it shows what was chosen."""
    with connect() as client:
        found = client.choose_sets(campaign, allow_incomplete=allow_incomplete)
    _show_sets(found, json)


@app.command("sets")
def sets(campaign: CampaignId = "", json: Json = False) -> None:
    """Show what was chosen: S, T, and who just missed S. Default: by the newest campaign that is closed."""
    with connect() as client:
        found = client.chosen_sets(campaign)
    _show_sets(found, json)


def _show_sets(found: "ChosenSets", json: bool) -> None:
    if json:
        emit(found)
        return
    sizes = f"{several(len(found.counterexamples), 'counterexample')}, {several(len(found.test), 'test image')}"
    reported = f"{count(sum(item.reported for item in found.test))} of them reported, " if found.test else ""
    show(headed(found.campaign_id, f": {sizes};\n{reported}chosen {moment(found.chosen_at)}."))
    for title, images in (
        ("S, the counterexamples, lowest mean opinion first", found.counterexamples),
        ("T, the test set, in the order of its draw", found.test),
        ("Just missed S", found.just_missed),
    ):
        if images:
            show("", headed(title), _chosen(images))


def _chosen(images: "tuple[ChosenImage, ...]") -> "Table":
    made = table("#>", "image", "mean>", "discrepancy>", "main class")
    for item in images:
        figures = (_score(item.mean), share(item.mean_discrepancy))
        made.add_row(count(item.rank), item.image_id, *figures, item.main_class or "–")
    return made


def _described(item: "Campaign") -> Text:
    plan = item.plan
    lines = [
        f": {item.state}, {count(item.finished)} of {several(item.images, 'image')} finished, {count(item.vetoed)} "
        f"vetoed; created {moment(item.created_at)}.",
        f"{item.target} on candidate set {item.candidate_set_id}.",
        f"{count(item.grades)} of {several(item.grades_wanted, 'grade')}, {count(item.carried)} of them from earlier "
        f"campaigns; {several(plan.raters or 0, 'rater')} an image{', adaptive' if plan.adaptive else ''}.",
        f"To choose: {several(plan.counterexamples or 0, 'counterexample')}, {count(plan.test_reserved)} reserved for "
        f"the test set and {count(plan.test_reported)} of them reported.",
        f"Scoring now: {', '.join(item.active) or 'nobody'}.",
    ]
    return headed(item.id, "\n".join(lines + ([item.note] if item.note else [])))


def _too_few(item: "Campaign") -> str:
    """That M is smaller than S and T together, and what comes of that; empty where it suffices."""
    counterexamples, reserved = item.plan.counterexamples or 0, item.plan.test_reserved or 0
    if item.images >= counterexamples + reserved:
        return ""
    return (
        f"M has {several(item.images, 'image')}, which is less than the {count(counterexamples)} of S and the "
        f"{count(reserved)} reserved for T: T comes first, and S gets what is left. Cut M with more per ranking, or "
        "give smaller --counterexamples and --test-reserved."
    )


def _agreed(item: "Agreement") -> str:
    lines = [
        f"Krippendorff's alpha (ordinal) {_score(item.alpha)} over {several(item.images, 'image')}.",
        f"Scoring has taken {item.hours_scoring:.1f} h.",
        f"Masks of S will take {item.hours_masks:.1f} h, of all candidates {item.hours_all_masks:.1f} h.",
    ]
    if item.grades_saved:
        lines.append(
            f"Adaptive mode saved {several(item.grades_saved, 'grade')}; {item.vetoes_missed:.1f} vetoes may be missed."
        )
    return "\n".join(lines)


def _opinion(item: "Opinion") -> str:
    """The mean with its interval, or that it was vetoed."""
    if item.vetoes:
        return "vetoed"
    return _score(item.mean) + ("" if item.half_width is None else f" ± {item.half_width:.2f}")


def _score(number: float | None) -> str:
    """In grades, with two decimals; a dash for none."""
    return "–" if number is None else f"{number:.2f}"
