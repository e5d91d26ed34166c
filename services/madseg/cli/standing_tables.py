"""Table 1 on a terminal: figures with their intervals, who ties with whom, and each version against the one before."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from madseg.cli.output import headed, several, table

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from madseg.client import Figure, Standings, TestSet, Version


def standing_tables(found: "Standings") -> Iterator[object]:
    """Tables and lines, set by set."""
    for at, test_set in enumerate(found.sets):
        yield _head(test_set)
        yield _figures(found, at)
        if differences := _differences(found, at):
            yield differences
        yield ""
    if found.stability:
        told = halfway(found.stability)
        yield f"The ranking by half of the newest T's images correlates {told} with that by all."


def halfway(stability: Sequence[float]) -> str:
    """The rank correlation of the ranking by half of what there is with that by all; a dash where it isn't known."""
    known = [value for value in stability if value == value]
    return f"{known[max(0, len(known) // 2 - 1)]:.2f}" if known else "–"


def _head(item: "TestSet") -> "Text":
    vetoed = f", {several(item.vetoed, 'image')} vetoed" if item.vetoed else ""
    if item.kind == "round":
        return headed(f"T({item.round})", f": {several(item.images, 'image')}, drawn against {item.against}{vetoed}")
    name = "Random lane" if item.kind == "random_lane" else "T0-report"
    return headed(name, f": {several(item.images, 'image')}{vetoed}")


def _figures(found: "Standings", at: int) -> "Table":
    made = table("version", "mIoU>", "95 % interval>", "images>", "ties", "trained on it")
    for item in found.standings:
        if item.set == at:
            interval = f"{item.figure.low:.3f} – {item.figure.high:.3f}"
            row = (f"{item.figure.value:.3f}", interval, str(item.figure.images))
            made.add_row(str(item.version), *row, _letters(found, at, item.version), "" if item.clean else "yes")
    return made


def _letters(found: "Standings", at: int, version: "Version") -> str:
    """The groups of versions that can't be told apart, a letter each; one alone is no tie."""
    groups = [group.versions for group in found.ties if group.set == at and len(group.versions) > 1]
    return " ".join(_letter(place) for place, versions in enumerate(groups) if version in versions)


def _letter(place: int) -> str:
    return chr(ord("a") + place) if place < 26 else str(place)


def _differences(found: "Standings", at: int) -> "Table | None":
    here = [item for item in found.differences if item.set == at]
    if not here:
        return None
    made = table("against the one before", "gain>", "95 % interval>", "p>", "better>", "worse>", "more>")
    for item in here:
        wanted = "–" if item.more_images is None else several(item.more_images, "image")
        counts = (str(item.better), str(item.worse), wanted)
        made.add_row(f"{item.after} – {item.before}", *signed(item.gain), f"{item.p_value:.4f}", *counts)
    return made


def signed(figure: "Figure") -> tuple[str, str]:
    """A gain and its interval."""
    return f"{figure.value:+.3f}", f"{figure.low:+.3f} – {figure.high:+.3f}"
