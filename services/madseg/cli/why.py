"""`madseg why`: why an image is ranked where it is, or why it is not."""

from typing import TYPE_CHECKING

from rich.table import Table

from madseg.cli.arguments import ImageId, Json, connect, image_id
from madseg.cli.output import count, emit, headed, moment, share, show, table

if TYPE_CHECKING:
    from madseg.client import Explanation


def why(image: ImageId, json: Json = False) -> None:
    """Explain an image: what each version said, its place in every ranking, or why it has none."""
    with connect() as client:
        found = client.explain(image_id(image))
    if json:
        emit(found)
        return
    origin = f", from {found.source}" if found.source else ""
    show(headed(found.image_id, f", taken {moment(found.captured_at)}{origin}"))
    show(*_standing(found), "", _outcomes(found))
    if found.contests:
        show("", _places(found))


def _standing(found: "Explanation") -> list[str]:
    """What holds for the image as a whole."""
    lines = []
    if found.random_lane:
        lines.append("It is in the random lane, which is never mined.")
    if found.exclusions:
        lines.append(f"It is kept out: {', '.join(found.exclusions)}. `madseg restore` takes that back.")
    if found.candidate_set_ids:
        lines.append(f"It is a candidate in {', '.join(found.candidate_set_ids)}.")
    return lines


def _outcomes(found: "Explanation") -> Table:
    made = table("version", "entropy>", "label map")
    for item in found.outcomes:
        made.add_row(str(item.version), share(item.mean_entropy), item.failure or "stored")
    return made


def _places(found: "Explanation") -> Table:
    made = table("competitor", "discrepancy>", "class", "seen by", "area>", "place>", "")
    for contest in found.contests:
        for at, item in enumerate(contest.classes):
            first = (str(contest.competitor), share(contest.discrepancy)) if at == 0 else ("", "")
            made.add_row(*first, item.class_name, item.defender, share(item.area_share), count(item.rank), item.reason)
    return made
