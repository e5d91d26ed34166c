"""What the demo prints of its rounds: Table 1 of our own, and the new version against the old."""

from collections import Counter
from collections.abc import Mapping, Sequence
from string import ascii_lowercase

import numpy as np
from rich.table import Table

from madseg.cli.output import count, several, table
from madseg.client import Version
from madseg.client.values.finetune import Figure
from madseg.client.values.rounds import Round, Standings, TestKind, TestSet
from madseg.core.evaluation import Estimate
from madseg.demo.changes import Change
from madseg.demo.contest import Contest
from madseg.demo.judging import FAILED
from madseg.demo.versions import Answers


def table_one(standings: Standings) -> Table:
    """mIoU of every version on every test set with its interval; the letters say who can't be told apart."""
    letters = _letters(standings)
    grid = table("mIoU\n[95 %]", *(f"{_head(item)}>" for item in standings.sets))
    grid.columns[0].no_wrap = True
    versions = list(dict.fromkeys(item.version for item in standings.standings))
    found = {(item.set, item.version): item for item in standings.standings}
    for version in versions:
        cells = []
        for place in range(len(standings.sets)):
            item = found.get((place, version))
            mark = "" if item is None or item.clean else "*"
            cells.append("–" if item is None else _cell(item.figure, letters.get((place, version), "") + mark))
        grid.add_row(str(version), *cells)
    return grid


def reading(standings: Standings) -> list[str]:
    """How to read Table 1."""
    lines = [
        "T(i) is adversarial: it is drawn from the images on which the version at the head of its column was doubted.",
        "A figure on it is no accuracy, and a rise from T(1) to T(2) proves nothing; the random lane is honest.",
        "Versions that share a letter in a column can't be told apart on its images (5 %, corrected by Holm).",
    ]
    if not all(item.clean for item in standings.standings):
        lines.append("* was trained on images of the set.")
    return lines


def changes(old: Version, new: Version, rows: Sequence[Change]) -> Table:
    """The new version against the old: `up` and `down` are the images that it is better or worse on by a tenth."""
    grid = table("on", "images>", f"{old}>", f"{new}>", "gain [95 %]>", "p>", "up>", "down>")
    grid.columns[0].no_wrap = True
    for row in rows:
        told = row.comparison
        if told is None:
            grid.add_row(
                row.what, count(row.images), f"{row.old:.3f}", f"{row.new:.3f}", f"{row.new - row.old:+.3f}", "", "", ""
            )
        else:
            figures = (f"{row.old:.3f}", f"{row.new:.3f}", _gain(told.gain), _chance(told.p_value))
            grid.add_row(row.what, count(row.images), *figures, count(row.better), count(row.worse))
    return grid


def met(contest: Contest) -> Table:
    """Where old and new disagree most: who is right there."""
    grid = table(
        "class", "images>", f"{contest.old}>", f"{contest.new}>", f"{contest.old} right>", f"{contest.new} right>"
    )
    for side in (*contest.sides, contest.whole):
        if side is contest.whole:
            grid.add_section()
        figures = (f"{side.old:.3f}", f"{side.new:.3f}", count(side.old_right), count(side.new_right))
        grid.add_row(side.name, count(side.images), *figures)
    return grid


def modes_before_after(old: Answers, new: Answers, modes: Mapping[str, str]) -> Table:
    """Per failure mode the true mIoU and the share of failures, before and after, of the images in `modes`."""
    grid = table("what it is", "images>", "before>", "after>", "gain>", "failed before>", "failed after>")
    for mode, _ in Counter(modes.values()).most_common():
        _mode_row(grid, mode, [image_id for image_id, name in modes.items() if name == mode], old, new)
    grid.add_section()
    _mode_row(grid, "the whole stream", list(modes), old, new)
    return grid


def _mode_row(grid: Table, name: str, ids: Sequence[str], old: Answers, new: Answers) -> None:
    before, after = (np.array([found.mious[image_id] for image_id in ids]) for found in (old, new))
    failed = (f"{(figures < FAILED).mean():.1%}" for figures in (before, after))
    gain = float((after - before).mean())
    grid.add_row(name, count(len(ids)), f"{before.mean():.3f}", f"{after.mean():.3f}", f"{gain:+.3f}", *failed)


def course(rounds: Sequence[Round], figures: Mapping[str, tuple[Figure | None, Figure | None]]) -> Table:
    """A line a round: what it began with, the sizes of its sets, how it ended. `figures` are T0-report by run."""
    grid = table("round>", "of", "M>", "S>", "T>", "T0-report before>", "after>", "ended")
    for item in rounds:
        before, after = figures.get(item.run_id, (None, None))
        ended = f"released {item.released}" if item.released else (item.outcome.value if item.outcome else "goes on")
        sizes = (count(item.candidates), count(item.counterexamples), count(item.test))
        told = ("–" if figure is None else f"{figure.value:.3f}" for figure in (before, after))
        grid.add_row(str(item.number), str(item.target), *sizes, *told, ended)
    return grid


def hours(grades: int, masks: int, lane: int, seconds_a_grade: int, seconds_a_mask: int) -> str:
    """What it took people, at the paper's times."""
    scoring, drawing, apart = (
        number * each / 3600
        for number, each in ((grades, seconds_a_grade), (masks, seconds_a_mask), (lane, seconds_a_mask))
    )
    return (
        f"People would have spent {scoring + drawing + apart:.1f} h: {scoring:.1f} h on {several(grades, 'grade')} at "
        f"{seconds_a_grade} s, {drawing:.1f} h on {several(masks, 'mask')} of S and T at {seconds_a_mask} s, and "
        f"{apart:.1f} h on {several(lane, 'mask')} of the random lane, which are drawn once for all versions."
    )


def _letters(standings: Standings) -> dict[tuple[int, Version], str]:
    """The tie groups that a version is in, a letter each, the best group of a set first."""
    found: dict[tuple[int, Version], str] = {}
    seen: Counter[int] = Counter()
    for group in standings.ties:
        letter = ascii_lowercase[seen[group.set] % len(ascii_lowercase)]
        seen[group.set] += 1
        for version in group.versions:
            found[group.set, version] = found.get((group.set, version), "") + letter
    return found


def _head(item: TestSet) -> str:
    """A column's head, in lines: what the set is, whom it was drawn against, how large it is."""
    size = several(item.images, "image")
    if item.kind is TestKind.ROUND:
        return f"T({item.round})\nagainst\n{item.against}\n{size}"
    if item.kind is TestKind.RANDOM_LANE:
        return f"random\nlane\n\n{size}"
    return f"T0-\nreport\n\n{size}"


def _cell(figure: Figure, letters: str) -> str:
    """The figure with its letters over its interval."""
    return f"{figure.value:.3f} {letters}".rstrip() + f"\n[{figure.low:.2f}, {figure.high:.2f}]"


def _gain(gain: Estimate) -> str:
    return f"{gain.value:+.3f} [{gain.low:.3f}, {gain.high:.3f}]"


def _chance(p_value: float) -> str:
    return "<.001" if p_value < 0.001 else f"{p_value:.3f}"
