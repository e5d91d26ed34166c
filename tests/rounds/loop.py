"""A world small enough to carry a whole round in: a target that knows no blue, a competitor that does, and people."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import onnx
from onnx import numpy_helper

from madseg.client import CampaignPlan, Client, ClientError, GateBounds, Round, RoundPlan, RoundStep, RunPlan
from madseg.core.label_map import encode, from_dense
from madseg.predictor.add import add_model
from madseg.predictor.card import parse_card
from madseg.predictor.repository import ModelRepository
from madseg.project import taxonomy_document
from madseg.security.access import Role, add_token
from tests.finetune.service.world import CARD, CHANGES, make_folder, png
from tests.finetune.small import GRID, TAXONOMY, bare, scene
from tests.pipeline.running import Up, until

PICTURES = 40

SERVICES = ("HTTP", "INTAKE", "MODELS", "SELECTOR", "LABELLING", "FINETUNE", "ROUNDS")


def seeing_blue() -> onnx.ModelProto:
    """The small network, but that it knows what is blue."""
    network = bare()
    for item in network.graph.initializer:
        if item.name == "w2":
            weights = numpy_helper.to_array(item).copy()
            weights[:, 1, 0, 0] = (-1, -1, 2)
            item.CopyFrom(numpy_helper.from_array(weights, item.name))
    return network


def settings_of(folder: Path) -> dict[str, str]:
    """The environment of a process over a repository with both networks."""
    repository, moment = ModelRepository(folder / "models"), datetime(2026, 1, 1, tzinfo=UTC)
    for name, role, network in (("small", "target", bare()), ("better", "competitor", seeing_blue())):
        file = folder / f"{name}.onnx"
        onnx.save(network, file)
        add_model(file, parse_card({**CARD, "name": name, "role": role}), repository, TAXONOMY, GRID, moment)
    (folder / "taxonomy.json").write_text(json.dumps(taxonomy_document(TAXONOMY)))
    return {
        **{f"MADSEG_{name}": "127.0.0.1:0" for name in SERVICES},
        "MADSEG_TAXONOMY": str(folder / "taxonomy.json"),
        "MADSEG_GRID": f"{GRID[0]}x{GRID[1]}",
        "MADSEG_REPOSITORY": str(folder / "models"),
        "MADSEG_TRAIN_THREADS": "1",
        "MADSEG_RANDOM_LANE": "0.15",
        "MADSEG_NEAR_DUPLICATE_BITS": "-1",
    }


@dataclass(frozen=True)
class World:
    """The images that are in, by the seed of their scene, and those of the random lane."""

    seeds: Mapping[str, int]
    lane: tuple[str, ...]


def taken_in(client: Client) -> World:
    """Pictures with something blue."""
    found = [client.upload(png(scene(seed, (1, 2))[0])) for seed in range(PICTURES)]
    until(lambda: client.selector_status().images == PICTURES, 60)
    seeds = {item.image_id: seed for seed, item in enumerate(found)}
    return World(seeds, tuple(sorted(item.image_id for item in found if item.random_lane)))


def plan_of(folder: Path, **changed: object) -> RoundPlan:
    """A round with a tiny training."""
    s0, t0 = folder / "s0", folder / "t0"
    if not s0.exists():
        make_folder(s0, [(1200 + index, (1,)) for index in range(6)])
        make_folder(t0, [(1300 + index, (1, 2) if index % 2 else (1,)) for index in range(12)])
    campaign = CampaignPlan(
        raters=1, counterexamples=6, test_reserved=6, test_reported=4, test_per_class=6, repeat_share=0.0, seed=1
    )
    training = RunPlan("", (), str(s0), str(t0), "", CHANGES, GateBounds(slower=1000.0))
    return RoundPlan(16, campaign, (), 0.0, training, **changed)  # type: ignore[arg-type]


class People:
    """One who rates and draws, the admin of the state, and one who reviews; they know the truth."""

    def __init__(self, up: Up, world: World) -> None:
        self._up, self._world = up, world
        self._token = add_token(up.state / "tokens.json", "rita", [Role.REVIEWER])

    def grade(self) -> None:
        """Judges whatever there is to judge."""
        client = self._up.client
        while held := client.take_assignments().assignments:
            client.grade(held[0].id, 1 + self._world.seeds[held[0].image_id] % 5)

    def draw(self) -> None:
        """Draws and accepts whatever there is to draw."""
        client = self._up.client
        rita = client.with_token(self._token)
        while (task := client.take_mask_task()) is not None:
            truth = scene(self._world.seeds[task.image_id], (1, 2))[1]
            revision = client.save_mask(task.id, encode(from_dense(truth)), task.revision)
            client.submit_mask(task.id, revision)
        while (task := rita.take_review()) is not None:
            rita.decide_review(task.id, task.revision, "accept")

    def act(self, found: Round) -> None:
        """Does what a round waits for."""
        try:
            if found.step is RoundStep.SCORING:
                self.grade()
            elif found.step is RoundStep.DRAWING:
                self.draw()
        except ClientError:
            pass  # the process was killed meanwhile: next time


def carry(up: Up, people: People, round_id: str, seconds: float = 300) -> Round:
    """The round, at its end; `people` do their part."""

    def ended() -> Round | None:
        found = up.client.round(round_id)
        people.act(found)
        return found if found.outcome is not None else None

    found = until(ended, seconds)
    assert found is not None
    return found
