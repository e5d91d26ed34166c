"""The report of a round as a page: what was mined, how it was graded, what was repaired, what the version is worth."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from madseg.report import evaluation, judging, people, training
from madseg.report.facts import RoundFacts
from madseg.report.marks import Figure, document, figures_list, legend_list, panel, part, settings_list, write_page
from madseg.report.panels import label_map, photo
from madseg.report.repairs import Repair
from madseg.report.words import day, length, moment, signed

OUTCOMES = {
    "released": "A new version serves.",
    "refused": "The gate kept the new version back; the old one keeps serving.",
    "evaluated": "It was to evaluate alone.",
    "cancelled": "It was cancelled.",
    "failed": "It could not go on.",
}

STYLE = """
.cards { grid-template-columns: repeat(auto-fill, minmax(min(30rem, 100%), 1fr)); }
.gate { list-style: none; margin: 0; padding: 0; } .gate li { padding: .35rem 0; border-bottom: 1px solid var(--rule); }
.no { color: var(--line-1); font-weight: 600; } .yes { color: var(--line-2); font-weight: 600; }
.small { font-size: .85rem; color: var(--quiet); } td small, th small { display: block; font-weight: 400; }
#gains td { white-space: nowrap; } .plain + .aside, .scroll + .aside { margin-top: .8rem; }
h3 { margin: 1.4rem 0 .6rem; }
sup { color: var(--link); }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 1rem; }
.curves figure { display: block; } .curves figcaption { font-size: .9rem; white-space: normal; }
.curves svg { width: 100%; height: auto; background: var(--surface); border-radius: 10px; padding: .5rem; }
.bars td.bar { width: 60%; } .bars { width: 100%; max-width: 46rem; }
"""


def write_round(path: str | Path, facts: RoundFacts) -> int:
    """As `write_page`."""
    return write_page(path, round_page(facts))


def round_page(facts: RoundFacts) -> str:
    """The report as HTML."""
    body = "".join(
        (
            _header(facts),
            "<main>",
            part("summary", "Summary", figures_list(tuple(_figures(facts)))),
            part("worth", "What the versions are worth", evaluation.standings(facts.standings)),
            part("gains", "Each version against the one before it", evaluation.differences(facts.standings)),
            part("lane", "On the random lane", judging.lane(facts.lane)),
            part("coverage", "What the contests don’t see", judging.coverage(facts.coverage)),
            part("competition", "Where versions disagree most", judging.competition(facts.competition)),
            part("gate", "The gate", training.gate(facts.run)),
            part("repairs", "Counterexamples, before and after", _repairs(facts)),
            part("mined", "What was mined", people.mined(facts)),
            part("grades", "How it was graded", people.grades(facts)),
            part("costs", "What it cost", people.costs(facts)),
            part("training", "Training", training.curves(facts.run)),
            part("settings", "Settings", settings_list(_settings(facts))),
            "</main>",
        )
    )
    return document(_title(facts), body, css=STYLE)


def _title(facts: RoundFacts) -> str:
    return f"Round {facts.round.number} of {facts.round.target.model}"


def _header(facts: RoundFacts) -> str:
    found = facts.round
    released = f" → {found.released}" if found.released else ""
    outcome = OUTCOMES.get(found.outcome or "", f"It goes on: {found.step.value}.")
    notes = "".join(f"<li>{escape(note)}</li>" for note in found.notes)
    return (
        f'<header><h1>{escape(_title(facts))}</h1><p class="lead">{escape(f"{found.target}{released}")}</p>'
        f'<p class="introduction">{escape(outcome)}</p>{f"<ul>{notes}</ul>" if notes else ""}'
        f'<p class="made">Begun {moment(found.created_at)} by {escape(found.started_by)}. Made {moment(facts.made_at)}.'
        "</p></header>"
    )


def _figures(facts: RoundFacts) -> Iterator[Figure]:
    found, run = facts.round, facts.run
    yield Figure(f"{found.candidates:,}", "candidates M", f"top {found.plan.per_ranking} of each ranking")
    yield Figure(f"{found.counterexamples:,}", "counterexamples S", f"{len(facts.repairs):,} with an accepted mask")
    yield Figure(f"{found.test:,}", "test images T", "never trained on")
    lane = evaluation.gain_on(facts.standings, "random_lane", found.released)
    if lane is not None:
        yield Figure(signed(lane.value), "mIoU on the random lane", f"{signed(lane.low)} to {signed(lane.high)}")
    if run is not None and run.before and run.after:
        yield Figure(signed(run.after.value - run.before.value), "mIoU on T0-report", f"{run.after.value:.3f} after")
    if found.created_at and found.changed_at:
        yield Figure(length((found.changed_at - found.created_at).total_seconds()), "from begin to last change")


def _repairs(facts: RoundFacts) -> str:
    if not facts.repairs:
        return ""
    both = [(item.before, item.after) for item in facts.repairs if item.before is not None and item.after is not None]
    words = ""
    if both:
        before, after = (sum(values) / len(both) for values in zip(*both, strict=True))
        better = sum(new > old for old, new in both)
        words = f" On {len(both):,} of them mIoU went from {before:.3f} to {after:.3f}; {better:,} got better."
    cards = "".join(_card(facts, item) for item in facts.repairs if item.image_id in facts.photographs)
    return (
        '<p class="aside">These images were trained on: what they gain shows that the failures are repaired, not how '
        f"good the version is.{words}</p>{legend_list(facts.legend)}<div class='cards'>{cards}</div>"
    )


def _card(facts: RoundFacts, item: Repair) -> str:
    side, old, new = facts.side, str(facts.round.target), str(facts.round.released or "after")
    shown = "".join(
        panel(*parts)
        for parts in (
            ("photo", "Photograph", photo(facts.photographs[item.image_id], f"Photograph {item.image_id}", side)),
            ("map", f"{old}{_fit(item.before)}", label_map(item.old_map, facts.legend, old, side)),
            ("map", f"{new}{_fit(item.after)}", label_map(item.new_map, facts.legend, new, side)),
            ("map", "Mask", label_map(item.mask, facts.legend, "the annotator", side)),
        )
    )
    gain = signed(item.after - item.before) if item.after is not None and item.before is not None else "–"
    opinion = "not graded" if item.mean is None else f"mean opinion {item.mean:.2f}"
    return (
        f'<article class="card"><div class="panels">{shown}</div><div class="facts">'
        f'<p class="measure"><strong>{gain}</strong> mIoU</p><p>No. {item.rank:,} of S, {opinion}'
        f"{f', {escape(item.main_class)}' if item.main_class else ''}</p>"
        f'<p class="origin"><code>{escape(item.image_id)}</code></p></div></article>'
    )


def _fit(value: float | None) -> str:
    return "" if value is None else f": {value:.3f}"


def _settings(facts: RoundFacts) -> Iterator[tuple[str, str]]:
    found = facts.round
    plan, campaign, training_plan = found.plan, found.plan.campaign, found.plan.training
    yield "round", found.id
    yield "raters an image", f"{campaign.raters}"
    yield "S, T reserved, T reported", f"{campaign.counterexamples}, {campaign.test_reserved}, {campaign.test_reported}"
    yield "masks drawn twice", f"{plan.double_share or 0:.0%}"
    yield "recipe", training_plan.recipe
    for name, value in sorted(training_plan.changes.items()):
        yield name, str(value)
    yield "seed", f"{training_plan.seed}"
    if facts.run is not None:
        yield "run", facts.run.id
        yield "SHA-256 of the data", facts.run.data_sha256 or "–"
    for record in found.steps:
        if record.began_at and record.ended_at:
            took = length((record.ended_at - record.began_at).total_seconds())
            yield record.step.value, f"{day(record.began_at)}, {took}"
