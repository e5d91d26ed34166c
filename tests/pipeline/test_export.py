"""What is exported is what the services say; a run that is killed goes on; what is forgotten isn't in it."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from madseg.cli.everything.folder import walked
from madseg.cli.output import plain
from madseg.client import CampaignPlan, Client, decode_label_map
from madseg.core.label_map import encode, from_dense
from tests.cli.terminal import Terminal
from tests.pipeline.driving import accept, settled
from tests.pipeline.expected import Asked
from tests.pipeline.running import Up, until
from tests.pipeline.world import picture

IMAGES = 30


def lived_in(client: Client, asked: Asked) -> None:
    """A deployment with a ranking, a campaign that is closed, and a mask that was drawn twice and accepted."""
    settled(client, accept(client, asked, [picture(seed) for seed in range(IMAGES)]))
    cut = client.cut_candidates(per_ranking=2)
    campaign = client.create_campaign(
        cut.id, CampaignPlan(raters=1, counterexamples=3, test_reserved=2, test_reported=2, repeat_share=0, seed=1)
    )
    first = client.take_assignments(campaign.id).assignments[0]
    client.veto(first.id, "corrupt")
    while taken := client.take_assignments(campaign.id).assignments:
        client.grade(taken[0].id, 1 + len(taken[0].image_id) % 5)
    client.choose_sets(campaign.id)
    client.create_mask_tasks(campaign.id, double_share=0)
    until(lambda: client.explain(first.image_id).exclusions)  # the selector hears of a veto a moment later


def terminal(up: Up) -> Terminal:
    """Commands of the machine's own operator."""
    return Terminal({"MADSEG_STATE": str(up.state)})


def lines(path: Path) -> list[Any]:
    """The records of a file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def images_in(folder: Path) -> dict[str, Any]:
    """The records of all images, by id."""
    found = [record for path in sorted((folder / "images").iterdir()) for record in lines(path)]
    return {record["image_id"]: record for record in found}


def test_an_export_is_what_the_services_say(up: Up, asked: Asked, tmp_path: Path) -> None:
    """Every part equals the answers of the client, every label map and picture is theirs to the pixel, every hash is
    right."""
    client, out = up.start(), tmp_path / "out"
    lived_in(client, asked)
    task = client.take_mask_task()
    assert task is not None
    for revision, label in enumerate((1, 2)):
        pixels = np.full((task.size.height, task.size.width), label, np.uint8)
        outside = np.ones_like(pixels, bool)
        outside[task.crop.top : task.crop.top + task.crop.height, task.crop.left : task.crop.left + task.crop.width] = 0
        pixels[outside] = 255
        client.save_mask(task.id, encoded(pixels), revision)
    answer = terminal(up)("export", "all", out, "--pictures", "both", "--json")
    assert answer.code == 0
    campaign, cut = client.campaign(), next(client.candidate_sets())
    same = {
        "campaigns": [campaign],
        "opinions": [{"campaign_id": campaign.id, **plain(item)} for item in client.opinions(campaign.id)],
        "vetoes": [{"campaign_id": campaign.id, **plain(item)} for item in client.vetoes(campaign.id)],
        "agreement": [{"campaign_id": campaign.id, **plain(client.agreement(campaign.id))}],
        "chosen_sets": [client.chosen_sets(campaign.id)],
        "mask_tasks": list(client.mask_tasks()),
        "candidate_sets": [cut],
        "candidates": [{"candidate_set_id": cut.id, **plain(item)} for item in client.candidates(cut.id)],
        "contests": client.contests(),
        "models": [client.model(model.name) for model in client.models()],
        "rounds": list(client.rounds()),
        "runs": list(client.runs()),
        "selector": [client.selector_status()],
    }
    for name, expected in same.items():
        assert lines(out / f"{name}.ndjson") == plain(expected), name
    assert len(lines(out / "vetoes.ndjson")) == 1
    summaries = lines(out / "rankings.ndjson")
    assert [{**item, "file": None} for item in summaries] == [{**plain(x), "file": None} for x in client.rankings()]
    for summary, ours in zip(summaries, client.rankings(), strict=True):
        key = ours.key
        entries = client.ranking(key.target, key.competitor, key.defender, key.class_name)
        assert lines(out / summary["file"]) == plain(list(entries))
    images = images_in(out)
    assert list(images) == list(client.images())
    for image_id, record in images.items():
        assert record["image"] == plain(client.image(image_id))
        assert record["predictions"] == plain(client.explain(image_id))
        for kind, file in record["pictures"].items():
            assert (out / file).read_bytes() == client.picture(image_id, kind).content
        stored = {str(item.version): item.label_map for item in client.label_maps(image_id)}
        assert {item["version"] for item in record["label_maps"]} == stored.keys()
        for item in record["label_maps"]:
            assert pixels_of(out / item["file"]) == decode_label_map(stored[item["version"]])
    revisions = lines(out / "masks" / task.id / "revisions.ndjson")
    assert [item["revision"] for item in revisions] == [1, 2]
    for item in revisions:
        expected_map = client.mask_revision(task.id, item["revision"]).label_map
        assert pixels_of(out / item["file"]) == decode_label_map(expected_map)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["left_out"] == {}
    assert manifest["images"] == IMAGES
    listed = [line.split("  ") for line in (out / "SHA256SUMS").read_text().splitlines()]
    sums = {name: digest for digest, name in listed}
    assert sums == {
        name: hashlib.sha256((out / name).read_bytes()).hexdigest()
        for name in walked(out)
        if name not in ("manifest.json", "SHA256SUMS")
    }


def test_a_killed_export_goes_on_and_lacks_what_was_forgotten(up: Up, asked: Asked, tmp_path: Path) -> None:
    """Killed at three moments; between them images are forgotten that are in what was written, in M and among masks."""
    client, out = up.start(), tmp_path / "out"
    lived_in(client, asked)
    task = client.take_mask_task()
    assert task is not None
    pixels = np.full((task.size.height, task.size.width), 255, np.uint8)
    client.save_mask(task.id, encoded(pixels), 0)
    candidates = [item.image_id for item in client.candidates()]
    gone = [candidates[0], task.image_id]
    for moment in ("rankings.ndjson", f"masks/{task.id}/revisions.ndjson", ".work/images"):
        export_until(up, out, out / moment)
        assert not (out / "manifest.json").exists()
        if gone:
            client.forget(gone.pop(), "asked by the owner")
    forgotten = {candidates[0], task.image_id}
    answer = terminal(up)("export", "all", out, "--json")
    assert answer.code == 0
    text = b"".join((out / name).read_bytes() for name in walked(out) if name.endswith("json"))
    for image_id in forgotten:
        assert image_id.encode() not in text
        assert not [name for name in walked(out) if image_id in name]
    assert not (out / "masks" / task.id).exists()
    images = images_in(out)
    assert images.keys() == set(client.images())
    assert [item["image_id"] for item in lines(out / "candidates.ndjson")] == [
        image_id for image_id in candidates if image_id not in forgotten
    ]
    assert terminal(up)("export", "check", out).code == 0
    assert not (out / ".work").exists()


def export_until(up: Up, out: Path, there: Path) -> None:
    """`madseg export all` in a process of its own, killed as soon as a file is there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MADSEG_")}
    boot = "from madseg.__main__ import main; main()"
    arguments = [sys.executable, "-c", boot, "export", "all", str(out)]
    settings = {**kept, "MADSEG_STATE": str(up.state)}
    with subprocess.Popen(arguments, env=settings, stderr=subprocess.DEVNULL) as process:
        until(lambda: there.exists() or process.poll() is not None, 60, 0.001)
        process.kill()
    assert there.exists()


def pixels_of(path: Path) -> list[bytes]:
    """Rows of a label map in a PNG."""
    with Image.open(path) as picture:
        return [row.tobytes() for row in np.asarray(picture)]


def encoded(pixels: NDArray[np.uint8]) -> bytes:
    """The wire form of a mask."""
    return encode(from_dense(pixels))
