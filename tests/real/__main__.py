"""`make real`: five real networks compete on real photographs, and the truth says what the disagreement was worth.

Then one round: the target learns from its counterexamples, and what that was worth is measured on others.

    python -m tests.real --output build/real
    python -m tests.real --stream kafka://… --inference triton://… --repository DIR --same-as build/real/rankings.json

`--repository` is the folder that Triton serves. `rankings.json` has every ranking; `--same-as` compares to the bit.
The networks and photographs are looked for in MADSEG_REAL (default: ../shared/real) and are never part of the project.
"""

import argparse
import csv
import json
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.stats import spearmanr

from madseg.cli.output import headed, remark, show, table
from madseg.cli.report.collect import collect
from madseg.cli.report.page import write_report
from madseg.client import Client, Role, Upload
from madseg.core.label_map import LabelMap, decode, from_dense
from madseg.core.preprocess import CANONICAL, Size, centre_crop
from madseg.core.taxonomy import VOC
from madseg.demo.judging import Judged, judge
from madseg.demo.running import Running
from madseg.demo.streaming import stream
from tests.perf.maps import CARDS, names, real_folder
from tests.real.learning import learn

TARGET = "deeplabv3_mnv2_257"
"""The network whose failures are mined."""

TOP = 30
"""The photographs of largest discrepancy that are compared with all."""


@dataclass(frozen=True)
class Measured:
    """A photograph with truth: how the target did, and its discrepancy to each competitor."""

    judged: Judged
    discrepancies: dict[str, float]

    @property
    def mean_discrepancy(self) -> float:
        """Over the competitors, [0, 1]."""
        return float(np.mean(list(self.discrepancies.values())))


def main() -> int:
    """Runs it all; 0 where the data isn't there, saying so."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--output", type=Path, default=Path("build/real"))
    options.add_argument("--repository", type=Path, help="folder of the networks; default: below the output")
    for name in ("stream", "inference", "database", "blobs"):
        options.add_argument(f"--{name}", metavar="URL", help="default: the embedded one")
    options.add_argument("--without-round", action="store_true", help="mine alone, and learn nothing")
    options.add_argument("--same-as", type=Path, metavar="FILE", help="rankings.json of another run, to be equal to")
    given = options.parse_args()
    output: Path = given.output
    real = real_folder()
    if real is None:
        print("No real networks and photographs here: set MADSEG_REAL to their folder.")
        return 0
    began = time.monotonic()
    others = json.loads(given.same_as.read_text()) if given.same_as else None  # before ours may take its place
    for name in ("state", "learning"):
        shutil.rmtree(output / name, ignore_errors=True)
    with Running(output / "state", _settings(given)) as client:
        _add_models(client, real)
        photos = list(_rows(real))
        remark(f"Streaming {len(photos)} photographs through {len(names(real))} networks")
        streamed = stream(client, _uploads(real, photos), len(photos))
        for refused in streamed.refused:
            remark(f"refused: {refused.name}: {refused.reason}")
        sent = zip(photos, streamed.image_ids, strict=True)
        taken = {image_id: row for row, image_id in sent if image_id is not None}
        truths = {image: _truth(real / "truth" / row["truth"]) for image, row in taken.items() if row["truth"]}
        measured = [_measured(client, image_id, truth) for image_id, truth in truths.items()]
        lines = _print(measured)
        candidates = client.cut_candidates(per_ranking=10, note="real photographs")
        lines.append(f"M holds {candidates.size:,} of {len(photos):,} photographs.")
        data = collect(
            client,
            top=3,
            title="madseg on real photographs",
            introduction=" ".join(lines),
            stages=streamed.stages,
        )
        write_report(output / "report.html", data)
        found = _rankings(client)
        if not given.without_round:
            ids = {row["name"]: image_id for image_id, row in taken.items()}
            learned, figures = learn(client, output / "state", real, ids, truths)
            show("", *learned)
            write_report(output / "report.html", replace(data, introduction=" ".join([*lines, *learned])))
            (output / "round.json").write_text(json.dumps(figures, indent=1) + "\n")
    (output / "rankings.json").write_text(json.dumps(found, indent=1) + "\n")
    if others is not None:
        if found != others:
            show(f"The rankings differ from those in {given.same_as}.")
            return 1
        show(f"The rankings equal those in {given.same_as} to the bit.")
    show(lines[-1], f"Done in {time.monotonic() - began:.0f} s.", headed("Report: ", str(output / "report.html")))
    return 0


def _settings(given: argparse.Namespace) -> dict[str, str]:
    """Settings of the services. On servers that are shared, a project of its own for each run."""
    repository = given.repository or given.output / "model_repository"
    if given.repository is None:
        shutil.rmtree(repository, ignore_errors=True)
    settings = {"MADSEG_REPOSITORY": str(repository), "MADSEG_RANDOM_LANE": "0", "MADSEG_MIGRATE": "true"}
    settings["MADSEG_LAUNCHER"] = "process:?nice=0"  # everything waits for it
    for name in ("stream", "inference", "database", "blobs"):
        if url := getattr(given, name):
            settings |= {f"MADSEG_{name.upper()}": url, "MADSEG_PREFIX": f"real{time.time_ns():x}"}
    return settings


def _rankings(client: Client) -> dict[str, list[tuple[str, float]]]:
    """Every entry of every ranking, by the ranking's name; the discrepancies as they are, to the bit."""
    found = {}
    for summary in client.rankings():
        key = summary.key
        entries = client.ranking(key.target, key.competitor, key.defender, key.class_name, keep_near_duplicates=True)
        name = f"{key.target} {key.competitor} {key.defender.value} {key.class_name}"
        found[name] = [(entry.image_id, entry.discrepancy) for entry in entries]
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


def _add_models(client: Client, real: Path) -> None:
    there = {model.name for model in client.models()}
    for name in names(real):
        if name in there:  # on a server that is kept from run to run
            continue
        added = client.add_model(real / "models" / f"{name}.onnx", (CARDS / f"{name}.yaml").read_text())
        remark(f"added {added.model.name}: {added.findings[0]}")
    client.set_role(TARGET, Role.TARGET)


def _rows(real: Path) -> Iterator[dict[str, str]]:
    with (real / "photos.csv").open(newline="") as file:
        yield from csv.DictReader(file)


def _uploads(real: Path, rows: list[dict[str, str]]) -> Iterator[Upload]:
    for row in rows:
        yield Upload((real / "photos" / row["photo"]).read_bytes(), row["photo"], "photographs")


def _truth(path: Path) -> LabelMap:
    """The truth on the canonical grid, by the geometry of its photograph."""
    with Image.open(path) as picture:
        box = centre_crop(Size(picture.height, picture.width), CANONICAL)
        corners = (box.left, box.top, box.left + box.width, box.top + box.height)
        resized = picture.resize((CANONICAL.width, CANONICAL.height), Image.Resampling.NEAREST, box=corners)
    return from_dense(np.asarray(resized))


def _measured(client: Client, image_id: str, truth: LabelMap) -> Measured:
    maps = {stored.version.model: decode(stored.label_map) for stored in client.label_maps(image_id)}
    contests = client.explain(image_id).contests
    return Measured(
        judge(image_id, maps[TARGET], truth, VOC.names),
        {contest.competitor.model: contest.discrepancy for contest in contests},
    )


def _print(measured: list[Measured]) -> list[str]:
    """Rank correlation per competitor and over their mean; the sentences of the report."""
    true = [item.judged.true_miou for item in measured]
    grid = table("competitor", "rank correlation of discrepancy and true error>")
    for name in sorted(measured[0].discrepancies):
        grid.add_row(name, f"{spearmanr([item.discrepancies[name] for item in measured], true).statistic * -1:.3f}")
    mean = -float(spearmanr([item.mean_discrepancy for item in measured], true).statistic)
    grid.add_row("mean of all", f"{mean:.3f}")
    top = sorted(measured, key=lambda item: (-item.mean_discrepancy, item.judged.image_id))[:TOP]
    worst = float(np.mean([item.judged.true_miou for item in top]))
    lines = [
        f"On {len(measured)} photographs with ground truth, discrepancy and the target's true error have a rank "
        f"correlation of {mean:.3f}.",
        f"The target's mean mIoU is {worst:.3f} over the {TOP} most discrepant and {np.mean(true):.3f} over all.",
    ]
    show("", grid, "", *lines)
    return lines


if __name__ == "__main__":
    sys.exit(main())
