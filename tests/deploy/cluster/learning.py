"""On the cluster of `make cluster` with the overlay `local-training`: a whole round, whose training is killed once."""

import base64
import io
import json
import shutil
import time
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain
from pathlib import Path

import pytest
from PIL import Image

from madseg.client import Accepted, Client, ClientError, Round, RoundOutcome
from madseg.client.values.common import Contest, Version
from madseg.client.values.finetune import GateBounds
from madseg.client.values.rounds import RoundStep
from madseg.core.label_map import LabelMap, from_dense
from madseg.core.preprocess import image_id as image_id_of
from madseg.demo.course import Course
from madseg.demo.labelling import People, gather
from madseg.demo.rounds import Simulated, carry_through
from madseg.demo.training_sets import TrainingSets, write_sets
from madseg.demo.world import Known, uploads
from madseg.simulation.stream import wild_scene
from tests.deploy.cluster.running import TARGET, Running, until

IMAGES = 400
COURSE = Course(rounds=1, per_ranking=3, counterexamples=16, test_reserved=12, test_reported=12, s0=120, t0=60)
SETS = TrainingSets(Path("/srv/sets/s0"), Path("/srv/sets/t0"))
"""As the pod of fine-tuning sees them."""

SENT = (range(60), range(1000, 1800), range(10_000, 11_200), range(20_000, 21_200), range(30_000, 30_800))
"""Numbers of the pictures that other proofs send, and then some."""

LET_THROUGH = GateBounds(drop=0.5, negative_flips=1.0, slower=100.0)
"""What is to be seen is a release on the cluster; how good networks get is seen elsewhere."""

pytestmark = [pytest.mark.timeout(3600)]


class Truths(dict[str, LabelMap]):
    """By image id; those of other proofs' images, which may be mined too, are painted when one is asked for."""

    def __missing__(self, image_id: str) -> LabelMap:
        for number in chain.from_iterable(SENT):
            scene = wild_scene(7, number)
            file = io.BytesIO()
            Image.fromarray(scene.image).save(file, "PNG")
            self[image_id_of(sha256(file.getvalue()).digest())] = from_dense(scene.truth)
        return self[image_id]


@dataclass
class Killing:
    """Lets simulated people act, and deletes the pod of the training once its first epoch is behind it."""

    running: Running
    simulated: Simulated
    killed: str = ""

    def act(self, now: Round) -> None:
        """Is called again and again while the round goes on."""
        self.simulated.act(now)
        if now.step is not RoundStep.TRAINING or self.killed or not now.run_id:
            return
        if (self.running.volume("runs") / now.run_id / "checkpoint.pt").exists():
            (pod,) = trainings(self.running)
            self.running.act("delete", "pod", pod, "--grace-period=0", "--force", "--wait=false")
            self.killed = pod


def test_a_round_goes_on_where_its_training_was_killed(running: Running, client: Client, tmp_path: Path) -> None:
    """Mined, scored, drawn, learned in a Job, released, and asked about every image that there is."""
    made = write_sets(tmp_path, COURSE.s0, COURSE.t0)
    for folder in (made.s0, made.t0):
        shutil.copytree(folder, running.volume("sets") / folder.name, dirs_exist_ok=True)
    people = known_people(running, client, tmp_path / "tokens.json")
    known: list[Known] = []
    ids = [
        accepted.image_id for accepted in client.upload_many(uploads(IMAGES, known)) if isinstance(accepted, Accepted)
    ]
    truths = Truths(zip(ids, (item.truth for item in known), strict=True))
    until(lambda: not list(client.find_unknown(ids)) and not client.selector_status().lag, 900)
    plan = COURSE.plan(SETS, 1)
    plan = replace(plan, training=replace(plan.training, bounds=LET_THROUGH))
    killing, began = Killing(running, Simulated(client, people, truths, quiet=True)), time.monotonic()

    done = carry_through(client, plan, killing.act, lambda: f"[{time.monotonic() - began:4.0f} s]", quiet=False)

    assert (done.outcome, bool(killing.killed)) == (RoundOutcome.RELEASED, True), (done.notes, killing.killed)
    epochs = [epoch.epoch for epoch in client.run(done.run_id).epochs]
    assert sorted(set(epochs)) == epochs, "no epoch was learned twice"
    assert killing.killed not in trainings(running), "another pod went on"
    released = done.released
    assert released is not None
    (model,) = (model for model in client.models() if model.name == TARGET)
    assert released.version in model.serving
    until(lambda: not any(contest.missing for contest in contests(client, released)), 900)
    images = client.selector_status().images
    assert {contest.compared for contest in contests(client, released)} == {images}


def trainings(running: Running) -> list[str]:
    """Pods of trainings, those that have ended among them."""
    items = running.get("pods", "--selector=app.kubernetes.io/name=training")["items"]
    return [item["metadata"]["name"] for item in items]


def contests(client: Client, target: Version) -> list[Contest]:
    """Those of a version of the target."""
    return [contest for contest in client.contests() if contest.target == target]


def known_people(running: Running, client: Client, tokens: Path) -> People:
    """Raters and drawers, whose tokens are in the Secret, and seen by the service."""
    tokens.write_bytes(base64.b64decode(running.get("secret", "access")["data"]["tokens.json"]))
    people = gather(client, tokens)
    changed = json.dumps({"stringData": {"tokens.json": tokens.read_text()}})
    running.act("patch", "secret", "access", "--type=merge", f"--patch={changed}")

    def seen() -> bool:
        try:
            people.drawers[-1].client.take_review()
        except ClientError:
            return False
        return True

    until(seen, 300)
    return people
