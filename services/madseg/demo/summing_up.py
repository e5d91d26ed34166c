"""What the rounds came to: Table 1 of our own, the new version against the old, and what it took people."""

from collections.abc import Iterator
from dataclasses import dataclass

from madseg.cli.output import headed, show
from madseg.client import Client, Version
from madseg.client.values.masks import MaskPurpose
from madseg.client.values.rounds import Round, Standings, TestKind
from madseg.demo import human_tables, round_tables
from madseg.demo.changes import Change, change, paired_change, report_change
from madseg.demo.contest import Contest, meet
from madseg.demo.human_tables import SECONDS_A_GRADE, SECONDS_A_MASK
from madseg.demo.labelling import labelled
from madseg.demo.loop import Loop
from madseg.demo.mining import Mined, words
from madseg.demo.versions import Answers, answers_of
from madseg.demo.world import Known, content

CONTEST = 5
"""Images of each class and role in the contest of old and new."""

LANE, DISPUTED, STREAM = "random lane", "most disputed", "the stream"
"""What the two are compared on, beside T0-report."""

_WHERE = {
    LANE: "the random lane, the honest sample, by people's masks",
    DISPUTED: "those on which the two disagree most, in both roles, by the truth",
    STREAM: "the stream, by the truth, without those that were learned from",
}


@dataclass(frozen=True)
class Sum:
    """The first version that served and the newest that was released, and how they compare.

    `fresh` are the images of the stream that were never learned from. `contest` is None where the two never disagree.
    """

    old: Version
    new: Version
    standings: Standings
    answers: dict[Version, Answers]
    fresh: dict[str, Known]
    changes: tuple[Change, ...]
    contest: Contest | None


def sum_up(loop: Loop) -> Sum | None:
    """Compares them; None where no round released a version."""
    client, old = loop.client, loop.rounds[0].target
    new = next((item.released for item in reversed(loop.rounds) if item.released is not None), None)
    if new is None:
        return None
    standings, answers = client.standings(old.model), answers_of(client, old.model, loop.known)
    learned = _learned(client, loop.rounds)
    fresh = {image_id: item for image_id, item in loop.known.items() if image_id not in learned}
    contest = meet(old, new, answers, fresh, content(), CONTEST)
    whole = ([answers[version].mious[image_id] for image_id in fresh] for version in (old, new))
    lane = paired_change(LANE, list(client.results(TestKind.RANDOM_LANE, model=old.model)), old, new)
    found = (
        lane,
        report_change(standings, old, new),
        None if contest is None else contest.change(DISPUTED),
        change(STREAM, *whole),
    )
    changes = tuple(item for item in found if item is not None)
    return Sum(old, new, standings, answers, fresh, changes, contest)


def show_people(loop: Loop, mined: Mined) -> None:
    """Prints the human half of the first round."""
    first = loop.rounds[0]
    done = labelled(loop.client, first.campaign_id, loop.simulated.pictures[first.campaign_id])
    human_tables.show_all(done, mined.judged, loop.simulated.truths)


def show_rounds(loop: Loop, found: Sum | None) -> list[str]:
    """Prints what the rounds came to; the result in sentences."""
    figures = {item.run_id: (run.before, run.after) for item in loop.rounds if item.run_id
               for run in [loop.client.run(item.run_id)]}  # fmt: skip
    show("", headed("The rounds"), round_tables.course(loop.rounds, figures), "")
    standings = loop.client.standings(loop.rounds[0].target.model) if found is None else found.standings
    show(headed("Table 1: every version on every test set"), round_tables.table_one(standings))
    show(*round_tables.reading(standings), "")
    if found is not None:
        _show_sum(found)
    lines = [*_sentences(found), _cost(loop)]
    show(*lines)
    return lines


def _show_sum(found: Sum) -> None:
    show(headed(f"{found.new} against {found.old}"), round_tables.changes(found.old, found.new, found.changes), "")
    if found.contest is not None:
        show(headed("Where the two disagree most, in both roles, by the truth"), round_tables.met(found.contest), "")
    modes = {image_id: words(item.mode) for image_id, item in found.fresh.items()}
    table = round_tables.modes_before_after(found.answers[found.old], found.answers[found.new], modes)
    show(headed("The whole stream by the truth, without what was learned from"), table, "")


def _sentences(found: Sum | None) -> Iterator[str]:
    """What is claimed, on the sets that allow it."""
    if found is None:
        yield "No version was released: the gate refused what was trained, and the old one keeps serving."
        return
    for item in found.changes:
        if item.comparison is not None:
            gain = item.comparison.gain
            sure = "" if gain.low > 0 or gain.high < 0 else ", which is not more than chance"
            words = f"{gain.value:+.3f} [{gain.low:.3f}, {gain.high:.3f}]"
            yield f"On {item.images:,} images of {_WHERE[item.what]}: {words} for {found.new}{sure}."
    if found.contest is None:
        yield "The two never disagree."


def _cost(loop: Loop) -> str:
    """In people's hours, at the paper's times."""
    grades = sum(line.grades for item in loop.rounds for line in loop.client.agreement(item.campaign_id).raters)
    drawn = sum(task.accepted_revision > 0 for item in loop.rounds for task in loop.client.mask_tasks(item.campaign_id))
    lane = sum(task.accepted_revision > 0 for task in loop.lane)
    return round_tables.hours(grades, drawn, lane, SECONDS_A_GRADE, SECONDS_A_MASK)


def _learned(client: Client, rounds: list[Round]) -> set[str]:
    """Images of every S."""
    return {
        task.image_id
        for item in rounds
        for task in client.mask_tasks(item.campaign_id, purpose=MaskPurpose.COUNTEREXAMPLE)
    }
