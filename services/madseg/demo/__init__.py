"""`madseg demo`: the whole main job on a generated world whose truth is known.

running (the services, as a child process), streaming (pictures in, progress), judging (what mining is worth),
tables (what is printed).
"""

import io
import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from madseg.cli.output import headed, remark, show
from madseg.cli.report.collect import collect
from madseg.cli.report.data import ClassCost
from madseg.cli.report.page import write_report
from madseg.client import Client, Upload
from madseg.core.content import Method, learn
from madseg.core.label_map import LabelMap, decode, from_dense
from madseg.core.preprocess import Size
from madseg.demo.judging import Judged, judge, worth
from madseg.demo.running import Running
from madseg.demo.streaming import Streamed, stream
from madseg.demo.tables import costs, kinds, summary, tops
from madseg.project import taxonomy_document
from madseg.simulation.stream import wild_scene
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import SIZE, render

SEED = 1
"""The stream of the demo: the same images every time."""

PER_RANKING = 5
"""n3: images per competitor, defender and class. The paper takes 25 of over 40,000 images."""

MASKS = 400
"""Training masks that the content constraint is learnt from."""

REPOSITORY = Path("model_repository")


@dataclass
class Known:
    """What the generator knows of an image: its truth on the grid and what is the matter with it."""

    truth: LabelMap
    mode: str


def main(*, output: Path, images: int, quiet: bool = False) -> None:
    """Streams `images` generated images through the shipped networks and reports what they disagree on.

    Raises:
        Conflict: the services don't start; the message has the end of their log.
    """
    began = time.monotonic()
    state = output / "state"
    shutil.rmtree(output, ignore_errors=True)
    state.mkdir(parents=True)
    settings = _project(output)
    _say(quiet, f"A generated world of {len(TAXONOMY.ranked)} classes. Starting the services on {state}")
    with Running(state, settings) as client:
        models = ", ".join(f"{model.name} ({model.role})" for model in client.models())
        _say(quiet, f"Ready after {time.monotonic() - began:.1f} s, serving {models}. Streaming {images:,} images")
        known: list[Known] = []
        streamed = stream(client, _uploads(images, known), images, quiet=quiet)
        _say(quiet, "Judging by the truth, and writing the report")
        _report(client, output, streamed, _by_id(streamed, known), quiet=quiet)
    _say(quiet, f"Done in {time.monotonic() - began:.0f} s.")
    show("", headed("Report: ", str(output / "report.html")))


def _project(output: Path) -> dict[str, str]:
    """Writes the world's taxonomy and content constraint; the settings that name them."""
    taxonomy, constraint = output / "taxonomy.json", output / "constraint.json"
    taxonomy.write_text(json.dumps(taxonomy_document(TAXONOMY), indent=1))
    masks = (from_dense(render(0, index).truth).present for index in range(MASKS))
    shares = ({label: area / SIZE**2 for label, area in mask.items()} for mask in masks)
    learned = learn(shares, TAXONOMY.ranked, Method.QUARTILES)
    bounds = {TAXONOMY.names[label]: item for label, item in learned.constraint.bounds.items()}
    document = {"taxonomy": TAXONOMY.id, "grid": str(Size(SIZE, SIZE)), "method": Method.QUARTILES, "bounds": bounds}
    constraint.write_text(json.dumps(document, indent=1))
    return {
        "MADSEG_TAXONOMY": str(taxonomy),
        "MADSEG_CONSTRAINT": str(constraint),
        "MADSEG_GRID": str(Size(SIZE, SIZE)),
        "MADSEG_REPOSITORY": str(REPOSITORY),
    }


def _uploads(images: int, known: list[Known]) -> Iterator[Upload]:
    """Renders the stream; notes what is known of each image on the way."""
    for index in range(images):
        scene = wild_scene(SEED, index)
        known.append(Known(from_dense(scene.truth), scene.mode))
        file = io.BytesIO()
        Image.fromarray(scene.image).save(file, "PNG", compress_level=1)
        yield Upload(file.getvalue(), f"{index:06}.png", "generated world")


def _by_id(streamed: Streamed, known: list[Known]) -> dict[str, Known]:
    return {image_id: item for image_id, item in zip(streamed.image_ids, known, strict=True) if image_id is not None}


def _report(client: Client, output: Path, streamed: Streamed, known: dict[str, Known], *, quiet: bool) -> None:
    """Cuts M, judges it, prints the tables and writes the HTML file."""
    candidates = client.cut_candidates(per_ranking=PER_RANKING, note="demo")
    chosen = list(client.candidates(candidates.id))
    target = candidates.contests[0].target
    judged: dict[str, Judged] = {}
    for image_id, item in known.items():
        maps = {stored.version: stored.label_map for stored in client.label_maps(image_id)}
        judged[image_id] = judge(image_id, decode(maps[target]), item.truth, TAXONOMY.names)
    ranked = [TAXONOMY.names[label] for label in TAXONOMY.ranked]
    rows = worth(chosen, judged, ranked)
    modes = {image_id: item.mode.replace("_", " ") for image_id, item in known.items()}
    mined = [judged[candidate.image_id] for candidate in chosen]

    show("", headed("Where target and competitors disagree most, per class"), tops(client, ranked, judged, modes))
    show("", headed("What mining is worth: images to look at for the same failures"), costs(rows), "")
    ids = {candidate.image_id for candidate in chosen}
    show(headed("What M holds, by what the generator made"), kinds(modes, judged, ids), "")
    lines = summary(candidates, judged, mined, streamed.seconds)
    show(*lines)
    data = collect(
        client,
        top=3,
        picture=SIZE,
        title="madseg on the generated world",
        introduction=" ".join(lines),
        stages=streamed.stages,
        costs=[ClassCost(row.class_name, row.mined_failures, row.images) for row in rows],
        quiet=quiet,
    )
    write_report(output / "report.html", data)


def _say(quiet: bool, text: str) -> None:
    if not quiet:
        remark(text)
