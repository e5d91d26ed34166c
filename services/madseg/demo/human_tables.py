"""What the demo prints of the human half."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from rich.table import Table

from madseg.cli.output import count, headed, several, show, table
from madseg.client.values.masks import ExportedMask, MaskPurpose, MaskTask
from madseg.core.comparison import rank_correlation
from madseg.core.confusion import confusion, mean_iou
from madseg.core.label_map import LabelMap, decode
from madseg.demo.judging import Judged
from madseg.demo.labelling import RATERS, STAND_INS, Labelled

SECONDS_A_GRADE = 7
SECONDS_A_MASK = 135
"""What they take people (Wang et al. 2022, section 4.3)."""


def show_all(done: Labelled, judged: Mapping[str, Judged], truths: Mapping[str, LabelMap]) -> None:
    """Prints all of it."""
    show("", headed("How good people find the target, and how good it is"), sets(done, judged), "")
    show(headed("The raters, and what was found out about them"), raters(done), "")
    show(headed("What was drawn"), masks(done, truths), "")
    show(*sentences(done, judged))


def sets(done: Labelled, judged: Mapping[str, Judged]) -> Table:
    """How good the target truly is on the stream, on M, on T and on S, and what people think of it there."""
    grid = table("", "images>", "mean opinion>", "true mIoU>", "target fails on>")
    groups: list[tuple[str, Sequence[str]]] = [
        ("the stream", list(judged)),
        ("M, the candidates", [item.image_id for item in done.opinions]),
        ("T, reserved for tests", [item.image_id for item in done.sets.test]),
        ("S, the counterexamples", [item.image_id for item in done.sets.counterexamples]),
    ]
    means = {item.image_id: item.mean for item in done.opinions if item.mean is not None}
    for name, ids in groups:
        known = [means[image_id] for image_id in ids if image_id in means]
        of_them = [judged[image_id] for image_id in ids]
        grid.add_row(
            name,
            count(len(ids)),
            f"{np.mean(known):.2f}" if len(known) * 2 > len(ids) else "",
            f"{np.mean([item.true_miou for item in of_them]):.3f}" if of_them else "–",
            f"{np.mean([item.failed for item in of_them]):.0%}" if of_them else "–",
        )
    return grid


def raters(done: Labelled) -> Table:
    """What each rater did, and how the bias that was found compares with the one that the rater was given."""
    given = {rater.name: rater for rater in (*RATERS, *STAND_INS)}
    grid = table(
        "rater", "grades>", "vetoes>", "bias found>", "given>", "inconsistency found>", "given>", "same twice>"
    )
    for line in done.agreement.raters:
        rater = given[line.rater]
        grid.add_row(
            line.rater,
            count(line.grades),
            f"{line.vetoes} ({line.veto_rate:.0%})",
            _signed(line.bias),
            _signed(rater.bias),
            "–" if line.inconsistency is None else f"{line.inconsistency:.2f}",
            f"{rater.inconsistency:.2f}",
            "–" if line.self_agreement is None else f"{line.self_agreement:.0%} of {line.repeats}",
        )
    return grid


def masks(done: Labelled, truths: Mapping[str, LabelMap]) -> Table:
    """Per purpose: masks, findings, rounds of drawing, how near the accepted masks come to the truth, time."""
    grid = table("masks for", "accepted>", "findings>", "mended>", "true mIoU>", "pixels right>", "hours>")
    for purpose in MaskPurpose:
        of_it = [task for task in done.tasks if task.purpose is purpose]
        if not of_it:
            continue
        accepted = [mask for mask in done.masks if mask.purpose is purpose]
        near = [closeness(mask, truths) for mask in accepted]
        grid.add_row(
            purpose.value.replace("_", " "),
            count(sum(task.accepted_revision > 0 for task in of_it)),
            count(sum(len(task.findings) for task in of_it)),
            count(sum(task.revision > 1 for task in of_it)),
            f"{np.mean([miou for miou, _ in near]):.3f}" if near else "–",
            f"{np.mean([right for _, right in near]):.1%}" if near else "–",
            f"{hours_drawing(of_it):.1f}",
        )
    return grid


def sentences(done: Labelled, judged: Mapping[str, Judged]) -> list[object]:
    """The result in sentences."""
    vetoed, outside = _vetoes(done)
    return [
        *_correlation(done, judged),
        f"{several(vetoed, 'image')} vetoed, {outside} of them rightly.",
        _cost(done),
        *_ceiling(done),
        _adaptive(done),
    ]


def _correlation(done: Labelled, judged: Mapping[str, Judged]) -> list[str]:
    """Of the mean opinion with the true mIoU, and of the raters with each other."""
    graded = [(item.mean, judged[item.image_id].true_miou) for item in done.opinions if item.mean and not item.vetoes]
    if len(graded) < 2 or done.agreement.alpha is None:
        return []
    found = rank_correlation(*np.array(graded, np.float64).T)
    if math.isnan(found):
        return []
    return [
        f"The mean opinions of {len(graded)} images rank them as their true mIoU does to {found:.2f} (Spearman), "
        f"though nobody looked at that; the raters agree to {done.agreement.alpha:.2f} (Krippendorff's alpha)."
    ]


def _cost(done: Labelled) -> str:
    """Hours at the paper's times, against masks for all of M."""
    grades = sum(line.grades for line in done.agreement.raters)
    drawn = sum(task.accepted_revision > 0 for task in done.tasks)
    scoring, drawing = grades * SECONDS_A_GRADE / 3600, drawn * SECONDS_A_MASK / 3600
    everything = done.campaign.images * SECONDS_A_MASK / 3600
    return (
        f"{scoring:.1f} h for {grades} grades and {drawing:.1f} h for {drawn} masks, at {SECONDS_A_GRADE} s and "
        f"{SECONDS_A_MASK} s; masks of all of M would take {everything:.1f} h."
    )


def _adaptive(done: Labelled) -> str:
    found = done.saving
    return (
        f"Adaptive mode would choose the same S with {found.share:.0%} fewer grades "
        f"({found.low:.0%} to {found.high:.0%} in 95 % of {found.seeds} runs with the same people)."
    )


def _ceiling(done: Labelled) -> list[str]:
    found = done.ceiling
    if found.mean_iou is None:
        return []
    images = several(found.images, "image")
    return [f"Two people who draw the same picture agree to a mIoU of {found.mean_iou:.2f} ({images})."]


def closeness(mask: ExportedMask, truths: Mapping[str, LabelMap]) -> tuple[float, float]:
    """(mIoU with the truth, share of pixels that are right off void)."""
    truth, drawn = truths[mask.image_id], decode(mask.label_map)
    matrix = confusion(truth, drawn, 255)
    return mean_iou(matrix), float(np.diag(matrix).sum() / max(1, matrix.sum()))


def hours_drawing(tasks: Sequence[MaskTask]) -> float:
    """What their annotators spent on them."""
    return sum(task.seconds_drawing for task in tasks) / 3600


def _vetoes(done: Labelled) -> tuple[int, int]:
    ids = {veto.image_id for veto in done.vetoes if not veto.revoked_by}
    return len(ids), sum(done.pictures[image_id].out_of_domain for image_id in ids)


def _signed(bias: float | None) -> str:
    return "–" if bias is None else f"{bias:+.2f}"
