"""The mining half of the demo: M, the truth about every image of the stream, and what is printed and reported of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from madseg.cli.output import headed, show
from madseg.cli.report.collect import collect
from madseg.cli.report.data import ClassCost
from madseg.cli.report.page import write_report
from madseg.client import Candidate, CandidateSet, Client
from madseg.client.values.rounds import Round
from madseg.core.label_map import LabelMap, decode
from madseg.demo.judging import Judged, judge, worth
from madseg.demo.streaming import Streamed
from madseg.demo.tables import costs, kinds, summary, tops
from madseg.demo.world import Known
from madseg.report.facts import gather
from madseg.report.round_page import write_round
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import SIZE

RANKED = [TAXONOMY.names[number] for number in TAXONOMY.ranked]


@dataclass(frozen=True)
class Mined:
    """M, and the judgement by the truth on every image of the stream."""

    candidates: CandidateSet
    chosen: Sequence[Candidate]
    known: Mapping[str, Known]
    predicted: Mapping[str, LabelMap]
    judged: Mapping[str, Judged]

    @property
    def modes(self) -> dict[str, str]:
        """What the generator made of each image, in words."""
        return {image_id: words(item.mode) for image_id, item in self.known.items()}


def words(mode: str) -> str:
    """A mode's name as it is shown."""
    return mode.replace("_", " ")


def mined(client: Client, candidates: CandidateSet, known: Mapping[str, Known]) -> Mined:
    """Judges the stream by the answers of the target of a candidate set."""
    target = candidates.contests[0].target
    predicted, judged = {}, {}
    for image_id, item in known.items():
        maps = {stored.version: stored.label_map for stored in client.label_maps(image_id)}
        predicted[image_id] = decode(maps[target])
        judged[image_id] = judge(image_id, predicted[image_id], item.truth, TAXONOMY.names)
    return Mined(candidates, list(client.candidates(candidates.id)), known, predicted, judged)


def show_mined(client: Client, streamed: Streamed, found: Mined) -> list[str]:
    """Prints the tables; the result in sentences."""
    ids, modes = {candidate.image_id for candidate in found.chosen}, found.modes
    tables = tops(client, RANKED, found.judged, modes)
    show("", headed("Where target and competitors disagree most, per class"), tables)
    rows = worth(found.chosen, found.judged, RANKED)
    show("", headed("What mining is worth: images to look at for the same failures"), costs(rows), "")
    show(headed("What M holds, by what the generator made"), kinds(modes, found.judged, ids), "")
    lines = summary(found.candidates, found.judged, [found.judged[image_id] for image_id in ids], streamed.seconds)
    show(*lines)
    return lines


def report(
    client: Client, path: Path, streamed: Streamed, found: Mined, lines: Sequence[str], *, quiet: bool
) -> None:  # fmt: skip
    """Writes the HTML file; `lines` introduce it."""
    data = collect(
        client,
        top=3,
        picture=SIZE,
        title="madseg on the generated world",
        introduction=" ".join(lines),
        stages=streamed.stages,
        costs=[
            ClassCost(row.class_name, row.mined_failures, row.images)
            for row in worth(found.chosen, found.judged, RANKED)
        ],
        quiet=quiet,
    )
    write_report(path, data)


def report_rounds(client: Client, folder: Path, rounds: Iterable[Round]) -> list[Path]:
    """Writes an HTML file for each of the rounds; their paths."""

    def picture(image_id: str) -> bytes | None:
        return client.picture(image_id).content

    paths = []
    for item in rounds:
        paths.append(folder / f"round-{item.number}.html")
        write_round(paths[-1], gather(client, picture, item.id))
    return paths
