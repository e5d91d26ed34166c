"""What the versions are worth: Table 1 with intervals and tie groups, and paired differences.

A T is adversarial to the version it was drawn against: the table says so, and its figures are called nobody's accuracy.
"""

from html import escape
from typing import TYPE_CHECKING

from madseg.report.words import signed

if TYPE_CHECKING:
    from madseg.client import Figure, PairedDifference, Standing, Standings, TestSet, Version

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def standings(found: "Standings") -> str:
    """Every version on every set; nothing for no set."""
    if not found.sets:
        return ""
    versions = list(dict.fromkeys(item.version for item in found.standings))
    heads = "".join(f'<th scope="col">{_name(item)}<small>{_words(item)}</small></th>' for item in found.sets)
    rows = "".join(
        f'<tr><th scope="row">{escape(str(version))}</th>'
        f"{''.join(_cell(found, place, version) for place in range(len(found.sets)))}</tr>"
        for version in versions
    )
    return (
        '<div class="scroll" role="region" aria-label="Versions by test set" tabindex="0"><table class="plain">'
        f'<thead><tr><th scope="col">Version</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{_notes(found)}'
    )


def differences(found: "Standings") -> str:
    """Each version against the one before it; nothing for no two versions."""
    if not found.differences:
        return ""
    rows = "".join(_difference(found, item) for item in found.differences)
    names = ("On", "From", "To", "Gain", "95 % interval", "p", "Better", "Worse", "More images to tell them apart")
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    return (
        '<p class="aside">Paired, image by image. The random lane is the honest sample of the stream: progress is '
        "claimed there and on T0-report.</p>"
        '<div class="scroll" role="region" aria-label="Paired differences" tabindex="0"><table class="plain">'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def gain_on(found: "Standings", kind: str, version: "Version | None") -> "Figure | None":
    """The gain of a version over the one before it on the first set of a kind."""
    return next(
        (item.gain for item in found.differences if found.sets[item.set].kind == kind and item.after == version), None
    )


def _name(item: "TestSet") -> str:
    names = {"round": f"T({item.round})", "random_lane": "Random lane", "t0_report": "T0-report"}
    return names.get(item.kind, "Test set")


def _words(item: "TestSet") -> str:
    images = f"{item.images:,} images" + (f", {item.vetoed:,} vetoed" if item.vetoed else "")
    told = {
        "round": f"adversarial to {item.against}",
        "random_lane": "the honest sample",
        "t0_report": "the old test set",
    }
    return escape(f"{images}; {told.get(item.kind, '')}")


def _cell(found: "Standings", place: int, version: "Version") -> str:
    known: Standing | None = next((x for x in found.standings if (x.set, x.version) == (place, version)), None)
    if known is None:
        return "<td>–</td>"
    groups = [item for item in found.ties if item.set == place]
    letters = "".join(LETTERS[at % 26] for at, group in enumerate(groups) if version in group.versions)
    figure, mark = known.figure, "" if known.clean else "†"
    raised = f" <sup>{letters}</sup>" if letters else ""
    return f"<td>{figure.value:.3f}{mark}{raised}<small>{figure.low:.3f} – {figure.high:.3f}</small></td>"


def _notes(found: "Standings") -> str:
    notes = []
    if any(item.kind == "round" for item in found.sets):
        notes.append(
            "A T is adversarial: its images were drawn where one version disagrees most with its competitors. Its "
            "figures rank versions and are no version’s accuracy; a rise from one T to the next says little."
        )
    if found.ties:
        notes.append("Versions that share a letter on a set can’t be told apart there, at 5 % by Holm’s correction.")
    if any(not item.clean for item in found.standings):
        notes.append("† It was trained on some of the set’s images.")
    return "".join(f'<p class="aside">{note}</p>' for note in notes)


def _difference(found: "Standings", item: "PairedDifference") -> str:
    tone = "yes" if item.gain.low > 0 else "no" if item.gain.high < 0 else ""
    p_value = "&lt; 0.001" if item.p_value < 0.001 else f"{item.p_value:.3f}"
    needed = "–" if item.more_images is None else f"{item.more_images:,}"
    return (
        f'<tr><th scope="row">{_name(found.sets[item.set])}</th><td>{escape(str(item.before))}</td>'
        f'<td>{escape(str(item.after))}</td><td class="{tone}">{signed(item.gain.value)}</td>'
        f"<td>{signed(item.gain.low)} to {signed(item.gain.high)}</td><td>{p_value}</td>"
        f"<td>{item.better:,}</td><td>{item.worse:,}</td><td>{needed}</td></tr>"
    )
