"""What the seeds say, as Markdown. It goes between two marks of a document."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from madseg.core.errors import InvalidInput
from madseg.core.evaluation import Estimate
from madseg.files import replace_file
from madseg.simulation.experiment.aggregate import Gathered
from madseg.simulation.experiment.settings import Settings

IMAGES_SHOWN = (5, 10, 15, 20, 25, 30, 40)
"""Numbers of images at which the stability of the ranking is told."""

GROUPS = {
    "drawn": "drawn as T is",
    "all": "all that the contest chose",
    "defended_by_target": "chosen by what MAD's sees",
    "defended_by_competitor": "chosen by what entropy's sees",
}


def marks(seeds: str) -> tuple[str, str]:
    """The lines of a document between which the figures of some seeds stand; what is around them is written by hand."""
    return f"<!-- seeds {seeds}: begin -->", f"<!-- seeds {seeds}: end -->"


def write(path: Path, seeds: str, text: str) -> None:
    """Puts the text between the marks of a document, or makes the document.

    Raises:
        InvalidInput: the document has no such marks.
    """
    first, last = marks(seeds)
    old = path.read_text() if path.exists() else f"# Experiments\n\n{first}\n{last}\n"
    head, begin, rest = old.partition(first)
    _, end, tail = rest.partition(last)
    if not begin or not end:
        raise InvalidInput(f"{path} has no lines {first} and {last}: put them where the figures belong")
    replace_file(path, f"{head}{begin}\n\n{text}\n{end}{tail}".encode())


def report(found: Gathered, settings: Settings, command: str, date: str) -> str:
    """All tables."""
    parts = [
        _stamp(found, settings, command, date),
        "### Gain of each arm\n\n" + _gains(found),
        "### Mining against the rest\n\n" + _leads(found),
        "### By mode\n\n" + _modes(found),
        "### What people were asked about\n\n" + _chosen(found),
        "### T(i), Table 1 of our own\n\n" + _tests(found),
        "### Both-roles contest, Table 2 of our own\n\n" + _contest(found),
        "### How many images a ranking needs\n\n" + _stability(found),
        "### What discrepancy tells of the random lane\n\n" + _lane(found),
    ]
    return "\n\n".join(parts) + "\n"


def _stamp(found: Gathered, settings: Settings, command: str, date: str) -> str:
    recipe = ", ".join(f"`{key}` {value}" for key, value in sorted(settings.recipe.items())) or "unchanged"
    return (
        f"`{command}`, {date}, settings `{settings.digest}`, seeds {', '.join(map(str, found.seeds))}.\n"
        f"Per seed: {settings.stream} images mined, {settings.lane} in the random lane, {settings.rounds} rounds of "
        f"{settings.counterexamples} masks, networks of {settings.epochs} passes over {settings.scenes} scenes and the "
        f"target of {settings.target_epochs}, S0 of {settings.known} scenes, {settings.oracle} masks for the oracle; "
        f"recipe `modern` with {recipe}.\n"
        "Figures are means over seeds with 95 % intervals by Student's t; a seed is one observation."
    )


def _gains(found: Gathered) -> str:
    before = found.before
    rows = [["f(0), not a gain", _plain(before["random lane"]), "", _plain(before["T0-report"]), ""]]
    for arm, gain in found.gains.items():
        rounds = ", ".join(f"{item.value:+.4f}" for item in found.rounds[arm])
        rows.append([arm, _signed(gain.lane), _signed(gain.lane_of_data_set), _signed(gain.report), rounds])
    head = ["arm", "random lane", "random lane, of the data set", "T0-report", "random lane after each round"]
    return (
        "mIoU of the last version less that of f(0). On the random lane the mean of per-image mIoU, paired (the "
        "primary outcome); on T0-report the mIoU of the data set.\n\n" + _table(head, rows)
    )


def _leads(found: Gathered) -> str:
    rows = [
        [f"MAD less {arm}", *(f"{_signed(item)}, {_verdict(item)}" for item in vars(lead).values())]
        for arm, lead in found.leads.items()
    ]
    return "Each interval stands by itself: none is widened for there being several.\n\n" + _table(
        ["", "random lane", "random lane, of the data set", "T0-report"], rows
    )


def _modes(found: Gathered) -> str:
    arms = list(found.gains)
    rows = []
    for mode in next(iter(found.gains.values())).modes:
        gains = [_signed(found.gains[arm].modes[mode]) for arm in arms]
        rows.append([f"`{mode}`", f"{found.before[mode].value:.3f}", *gains])
    return (
        "Mean per-image mIoU on fresh images of each mode: f(0), then what each arm gains. `poster` is the blind spot "
        "that all networks share.\n\n" + _table(["mode", "f(0)", *arms], rows)
    )


def _chosen(found: Gathered) -> str:
    rows = [
        [
            arm,
            f"{item['candidates']:.0f}",
            f"{item['failures_in_m']:.0%}",
            f"{item['vetoed']:.1f}",
            f"{item['counterexamples']:.0f}",
            f"{item['failures_in_s']:.0%}",
            f"{item['mean_opinion_of_s']:.2f}",
            f"{item['posters_in_s']:.1f}",
        ]
        for arm, item in found.chosen.items()
    ]
    head = ["arm", "M", "failures in M", "vetoed", "S", "failures in S", "mean opinion of S", "posters in S"]
    return "A round on the mean; a failure is an image with a true mIoU below one half.\n\n" + _table(head, rows)


def _tests(found: Gathered) -> str:
    versions = [f"f({number})" for number in range(len(found.table[0]))]
    rows = [[f"T({number})", *map(_plain, row)] for number, row in enumerate(found.table, 1)]
    return (
        "Mean per-image mIoU of MAD's versions on each T(i). A T is drawn from what was doubted of the version before "
        "it: f(i - 1) is at a disadvantage on T(i), and no figure here is the accuracy of a model.\n\n"
        + _table(["", *versions], rows)
    )


def _contest(found: Gathered) -> str:
    rows = []
    for group, words in GROUPS.items():
        if group in found.contest:
            item = found.contest[group]
            figures = [_plain(item["first"]), _plain(item["second"]), _signed(item["lead"]), _verdict(item["lead"])]
            rows.append([words, f"{item['images'].value:.0f}", *figures])
    if not rows:
        return "Not run: it needs the arm of entropy."
    head = ["images", "a seed", "tuned by MAD", "tuned by entropy", "MAD's lead", ""]
    return "Mean per-image mIoU on the images on which the two disagree most.\n\n" + _table(head, rows)


def _stability(found: Gathered) -> str:
    shown = [count for count in IMAGES_SHOWN if count <= len(found.srcc)]
    values = [found.srcc[count - 1] for count in shown]
    row = ["-" if value is None else f"{value:.2f}" for value in values]
    return (
        "Rank correlation of the ranking of all versions by so many images of the last T with that by all of it.\n\n"
        + _table([str(count) for count in shown], [row])
    )


def _lane(found: Gathered) -> str:
    lane = found.lane
    areas = [
        ["who knows all", _plain(lane["area_of_truth"])],
        ["discrepancy", _plain(lane["area"])],
        ["entropy", _plain(lane["area_of_entropy"])],
        ["who knows nothing", _plain(lane["area_of_nothing"])],
    ]
    risks = {key.removeprefix("risk "): value for key, value in lane.items() if key.startswith("risk ")}
    rows = [[f"`{mode}`", str(missed), str(failures)] for mode, (missed, failures) in found.unranked.items()]
    share = f", {lane['unranked_share'].value:.0%} on the mean of seeds" if "unranked_share" in lane else ""
    missed, failures = (sum(item[side] for item in found.unranked.values()) for side in (0, 1))
    return (
        "Area below the curve of risk (1 less the true mIoU of f(0)) by coverage, images in the order of each; less "
        "is better.\n\n"
        + _table(["order by", "area"], areas)
        + "\n\nRisk by coverage, least discrepant images first:\n\n"
        + _table(list(risks), [[f"{item.value:.3f}" for item in risks.values()]])
        + f"\n\nNo contest ranks {missed} of the lane's {failures} failures{share}: they would take no place among the "
        "first of any ranking.\n\n" + _table(["mode", "not ranked", "failures"], rows)
    )


def _verdict(lead: Estimate) -> str:
    if lead.low > 0:
        return "ahead"
    return "behind" if lead.high < 0 else "a tie"


def _plain(item: Estimate) -> str:
    return f"{item.value:.3f}{_between(item, '.3f')}"


def _signed(item: Estimate) -> str:
    return f"{item.value:+.4f}{_between(item, '+.4f')}"


def _between(item: Estimate, form: str) -> str:
    return f" ({item.low:{form}} to {item.high:{form}})" if math.isfinite(item.low) else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
