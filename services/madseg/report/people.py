"""What people did: what they were asked about, how they graded it, and the hours that it took."""

from collections import Counter
from collections.abc import Iterable
from html import escape

from madseg.report.facts import RoundFacts
from madseg.report.marks import Figure, figures_list, swatch


def mined(facts: RoundFacts) -> str:
    """The images of M by class; nothing before M is cut."""
    if not facts.mined:
        return ""
    colours = {item.name: item.colour for item in facts.legend}
    rows = ((swatch(colours.get(name)) + escape(name), count, f"{count:,}") for name, count in facts.mined.items())
    return (
        '<p class="aside">Images of M by the class of a ranking that chose them; one may be chosen for several.</p>'
        + _bars(("Class", "Images"), rows)
    )


def grades(facts: RoundFacts) -> str:
    """How the raters agree, who they are, and the mean opinions; nothing before the campaign."""
    campaign, agreement = facts.campaign, facts.agreement
    if campaign is None or agreement is None:
        return ""
    alpha = "–" if agreement.alpha is None else f"{agreement.alpha:.2f}"
    tiles = (
        Figure(alpha, "Krippendorff’s alpha", f"ordinal, over {agreement.images:,} images"),
        Figure(f"{campaign.grades:,}", "grades", f"{campaign.carried:,} carried over"),
        Figure(f"{campaign.vetoed:,}", "images vetoed", f"of {campaign.images:,}"),
        Figure(f"{agreement.grades_saved:,}", "grades saved", f"{agreement.vetoes_missed:.1f} vetoes missed, expected"),
    )
    return figures_list(tiles) + _raters(facts) + _opinions(facts)


def costs(facts: RoundFacts) -> str:
    """Hours of people's work, beside those of drawing all of M."""
    agreement = facts.agreement
    if agreement is None:
        return ""
    hours = (
        ("Grading M", agreement.hours_scoring),
        ("Masks for S, expected", agreement.hours_masks),
        ("Both together", agreement.hours_scoring + agreement.hours_masks),
        ("Masks for all of M, expected", agreement.hours_all_masks),
        *((("Masks of S and T, as drawn in the page", facts.hours_drawn),) if facts.hours_drawn else ()),
    )
    rows = ((name, value, f"{value:.1f} h") for name, value in hours)
    return '<p class="aside">Hours of people’s work.</p>' + _bars(("Work", "Hours"), rows)


def _raters(facts: RoundFacts) -> str:
    assert facts.agreement is not None
    rows = "".join(
        f'<tr><th scope="row">{escape(item.rater)}</th><td>{item.grades:,}</td><td>{_number(item.mean_grade)}</td>'
        f"<td>{_number(item.bias)}</td><td>{_number(item.inconsistency)}</td><td>{item.veto_rate:.1%}</td></tr>"
        for item in facts.agreement.raters
    )
    if not rows:
        return ""
    names = ("Rater", "Grades", "Mean", "Bias", "Inconsistency", "Veto rate")
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    return (
        f'<h3>Raters</h3><div class="scroll" role="region" aria-label="Raters" tabindex="0"><table class="plain">'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _opinions(facts: RoundFacts) -> str:
    """Mean opinions by half grades."""
    means = [item.mean for item in facts.opinions if item.mean is not None]
    if not means:
        return ""
    counts = Counter(min(int(2 * (mean - 1)), 7) for mean in means)
    rows = ((f"{1 + place / 2:.1f} – {1.5 + place / 2:.1f}", counts[place], f"{counts[place]:,}") for place in range(8))
    return "<h3>Mean opinions of the target’s maps</h3>" + _bars(("Grade, 1 bad to 5 excellent", "Images"), rows)


def _bars(names: tuple[str, str], rows: Iterable[tuple[str, float, str]]) -> str:
    """A table with a bar for each value; the first column is markup."""
    known = list(rows)
    most = max(value for _, value, _ in known) or 1
    body = "".join(
        f'<tr><th scope="row">{name}</th><td>{words}</td>'
        f'<td class="bar" aria-hidden="true">{_bar(value / most)}</td></tr>'
        for name, value, words in known
    )
    return (
        f'<table class="plain bars"><thead><tr><th scope="col">{names[0]}</th><th scope="col">{names[1]}</th>'
        f'<td aria-hidden="true"></td></tr></thead><tbody>{body}</tbody></table>'
    )


def _bar(share: float) -> str:
    return f'<span style="width:{100 * share:.1f}%"></span>' if share else ""


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
