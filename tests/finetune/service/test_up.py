"""The loop once around, over a real `madseg up`: from pictures to a released version that competes."""

import json
from datetime import UTC, datetime
from pathlib import Path

import onnx
import pytest
from onnx import numpy_helper

from madseg.client import CampaignPlan, CandidateSet, Client, GateBounds, NotReady, RunPlan, RunState, Version
from madseg.core.label_map import decode, encode, from_dense
from madseg.predictor.add import add_model
from madseg.predictor.card import parse_card
from madseg.predictor.repository import ModelRepository
from madseg.project import taxonomy_document
from madseg.security.access import Role, add_token
from tests.finetune.service.world import CARD, CHANGES, make_folder, png
from tests.finetune.small import GRID, TAXONOMY, bare, scene
from tests.pipeline.running import Up, until

PICTURES = 40


def seeing_blue() -> onnx.ModelProto:
    """The small network, but that it knows what is blue."""
    network = bare()
    for item in network.graph.initializer:
        if item.name == "w2":
            weights = numpy_helper.to_array(item).copy()
            weights[:, 1, 0, 0] = (-1, -1, 2)
            item.CopyFrom(numpy_helper.from_array(weights, item.name))
    return network


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """The target, and a competitor that knows better."""
    repository, moment = ModelRepository(tmp_path / "models"), datetime(2026, 1, 1, tzinfo=UTC)
    for name, role, network in (("small", "target", bare()), ("better", "competitor", seeing_blue())):
        file = tmp_path / f"{name}.onnx"
        onnx.save(network, file)
        add_model(file, parse_card({**CARD, "name": name, "role": role}), repository, TAXONOMY, GRID, moment)
    (tmp_path / "taxonomy.json").write_text(json.dumps(taxonomy_document(TAXONOMY)))
    names = ("HTTP", "INTAKE", "MODELS", "SELECTOR", "LABELLING", "FINETUNE", "ROUNDS")
    return {
        **{f"MADSEG_{name}": "127.0.0.1:0" for name in names},
        "MADSEG_TAXONOMY": str(tmp_path / "taxonomy.json"),
        "MADSEG_GRID": f"{GRID[0]}x{GRID[1]}",
        "MADSEG_REPOSITORY": str(tmp_path / "models"),
        "MADSEG_TRAIN_THREADS": "1",
        "MADSEG_RANDOM_LANE": "0",
    }


def taken_in(client: Client) -> dict[str, int]:
    """Pictures with something blue; the seed of each image."""
    sent = {client.upload(png(scene(seed, (1, 2))[0])).image_id: seed for seed in range(PICTURES)}

    def cut() -> bool:
        try:
            found: CandidateSet | None = client.cut_candidates(per_ranking=10)
        except NotReady:
            found = None
        return found is not None and client.selector_status().images == PICTURES

    until(cut, 60)
    return sent


def labelled(client: Client, rita: Client, seeds: dict[str, int]) -> None:
    """S and T chosen, drawn by one and accepted by the other."""
    plan = CampaignPlan(raters=1, counterexamples=6, test_reserved=2, test_reported=2, repeat_share=0.0, seed=1)
    client.cut_candidates(per_ranking=10)
    campaign = client.create_campaign(plan=plan)
    while held := client.take_assignments().assignments:
        client.grade(held[0].id, 1 + seeds[held[0].image_id] % 5)
    client.choose_sets(campaign.id)
    client.create_mask_tasks(campaign.id, double_share=0.0)
    while (task := client.take_mask_task()) is not None:
        truth = scene(seeds[task.image_id], (1, 2))[1]
        client.submit_mask(task.id, client.save_mask(task.id, encode(from_dense(truth)), task.revision))
    while (task := rita.take_review()) is not None:
        rita.decide_review(task.id, task.revision, "accept")


@pytest.mark.timeout(400)
def test_the_target_learns_what_it_did_not_know(settings: dict[str, str], tmp_path: Path) -> None:
    """The service is killed while it trains; the version is released once, competes, and knows what is blue."""
    s0 = make_folder(tmp_path / "s0", [(1200 + index, (1,)) for index in range(6)])
    t0 = make_folder(tmp_path / "t0", [(1300 + index, (1, 2) if index % 2 else (1,)) for index in range(12)])
    with Up(tmp_path / "state", settings) as up:
        client = up.start()
        seeds = taken_in(client)
        token = add_token(tmp_path / "state" / "tokens.json", "rita", [Role.REVIEWER])
        labelled(client, client.with_token(token), seeds)
        plan = RunPlan("", (), str(s0), str(t0), "", CHANGES, GateBounds(slower=1000.0), promote=True)
        run = client.start_run(plan, idempotency_key="round 1")
        until(lambda: client.run(run.id).state is not RunState.PREPARING, 60)
        up.kill()
        client = up.start()
        assert client.start_run(plan, idempotency_key="round 1").id == run.id
        *_, ended = client.watch_run(run.id)
        assert ended.state is RunState.RELEASED, (ended.reasons, up.tail())
        assert (ended.released, ended.plan.target) == (Version("small", 2), Version("small", 1))
        assert ended.started_by == "operator"
        assert ended.before is not None
        assert ended.after is not None
        assert ended.after.value > ended.before.value + 0.1
        known = client.model("small")
        assert (known.model.serving, f"fine-tuned by run {run.id} from small/1" in known.card) == ((1, 2), True)
        image = next(iter(seeds))
        until(lambda: Version("small", 2) in {item.version for item in client.label_maps(image)}, 60)
        maps = {item.version: decode(item.label_map).dense() for item in client.label_maps(image)}
        truth = scene(seeds[image], (1, 2))[1]
        assert (maps[Version("small", 2)] == truth).mean() > (maps[Version("small", 1)] == truth).mean()
        assert up.terminate() == 0
