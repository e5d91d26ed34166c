"""The cluster that runs, as the tests use it: its Services, its pods, and what must come out of it."""

import base64
import io
import json
import random
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from deploy.cluster.__main__ import FOLDER
from deploy.cluster.node import Cluster
from madseg.client import Client, Refused, Upload
from madseg.simulation.stream import wild_scene
from madseg.simulation.taxonomy import TAXONOMY
from tests import reference
from tests.pipeline.expected import Asked

NAMESPACE = "madseg"
ROOT = Path(__file__).parents[3]
TARGET, COMPETITORS = "unet", ("dilated", "overview", "pyramid")

Rankings = dict[str, list[tuple[float, str]]]
"""By `competitor defender class`, what stands in a ranking."""


class Running:
    """The cluster of this checkout."""

    def __init__(self) -> None:
        self.cluster = Cluster(ROOT / FOLDER)

    def get(self, *words: str) -> Any:
        """What kubectl knows of objects in the namespace."""
        return json.loads(self.cluster.kubectl("get", *words, f"--namespace={NAMESPACE}", "--output=json"))

    def act(self, *words: str, given: str | None = None) -> str:
        """What kubectl says, in the namespace."""
        return self.cluster.kubectl(*words, f"--namespace={NAMESPACE}", given=given)

    def token(self) -> str:
        """That of somebody who may do everything."""
        return base64.b64decode(self.get("secret", "operator")["data"]["token"]).decode()

    def address(self, service: str, port: str) -> str:
        """`host:port` of a Service."""
        spec = self.get("service", service)["spec"]
        return f"{spec['clusterIP']}:{next(item['port'] for item in spec['ports'] if item['name'] == port)}"

    def client(self) -> Client:
        """A client by way of the Services."""
        names = ("gateway", "selector", "models", "labelling", "finetune", "rounds")
        return Client(*(self.address(name, "grpc") for name in names), token=self.token(), timeout=60)

    def volume(self, claim: str) -> Path:
        """The folder of the node behind a claim."""
        name = self.get("persistentvolumeclaim", claim)["spec"]["volumeName"]
        return Path(json.loads(self.cluster.kubectl("get", "pv", name, "--output=json"))["spec"]["local"]["path"])

    def wait_ready(self, seconds: float = 900) -> None:
        """Until every pod that should be there can serve."""
        until(lambda: not self.lacking(), seconds, self.lacking)

    def lacking(self) -> list[str]:
        """Workloads that haven't the ready pods that they should have, and the jobs that go on."""
        found = []
        for item in self.get("deployments,statefulsets,jobs")["items"]:
            spec, status = item["spec"], item.get("status", {})
            wanted = spec.get("replicas", 1) if item["kind"] != "Job" else 1
            done = status.get("readyReplicas", 0) if item["kind"] != "Job" else status.get("succeeded", 0)
            if done < wanted or status.get("replicas", wanted) > wanted:
                found.append(item["metadata"]["name"])
        return found

    def pods(self, name: str = "") -> list[str]:
        """Names of the pods of a workload, or of all but jobs'."""
        chosen = [f"--selector=app.kubernetes.io/name={name}"] if name else []
        items = self.get("pods", *chosen)["items"]
        return [item["metadata"]["name"] for item in items if item["metadata"]["ownerReferences"][0]["kind"] != "Job"]


def pictures(numbers: Iterable[int]) -> list[bytes]:
    """PNG files of the generated world's stream."""
    found = []
    for number in numbers:
        file = io.BytesIO()
        Image.fromarray(wild_scene(7, number).image).save(file, "PNG")
        found.append(file.getvalue())
    return found


def accept(client: Client, asked: Asked, files: Sequence[bytes]) -> list[reference.Image]:
    """Uploads pictures, and has the networks asked about what was made of them, here."""
    found = []
    for result in client.upload_many(Upload(content) for content in files):
        assert not isinstance(result, Refused), result.reason
        canonical = client.picture(result.image_id).content
        found.append(asked.image(result.image_id, canonical, (TARGET, *COMPETITORS), result.random_lane))
    return found


def settled(client: Client, images: Sequence[reference.Image], seconds: float = 900) -> None:
    """Waits until the selector knows all of the images, and what every version says of them."""
    ids = [image.image_id for image in images]

    def state() -> tuple[int, int, list[int]]:
        contests = [contest.missing for contest in client.contests()]
        return len(list(client.find_unknown(ids))), client.selector_status().lag, contests

    until(lambda: state() == (0, 0, [0] * len(COMPETITORS)), seconds, state)


def wanted(images: Sequence[reference.Image]) -> Rankings:
    """Every ranking by the batch reference."""
    rules = reference.Rules(len(TAXONOMY), TAXONOMY.ranked)
    return {
        f"{competitor} {defender} {TAXONOMY.names[label]}": reference.ranking(
            images, rules, TARGET, competitor, defender, label
        )
        for competitor in COMPETITORS
        for defender in ("target", "competitor")
        for label in TAXONOMY.ranked
    }


def served(client: Client, images: Sequence[reference.Image]) -> Rankings:
    """Every ranking as the selector's Service gives it; images that came before these tests are passed over."""
    ours = {image.image_id for image in images}
    return {
        f"{competitor} {defender} {TAXONOMY.names[label]}": [
            (entry.discrepancy, entry.image_id)
            for entry in client.ranking(
                TARGET, competitor, defender, TAXONOMY.names[label], keep_near_duplicates=True, page_size=1000
            )
            if entry.image_id in ours
        ]
        for competitor in COMPETITORS
        for defender in ("target", "competitor")
        for label in TAXONOMY.ranked
    }


def until(holds: Callable[[], bool], seconds: float, told: Callable[[], object] = lambda: "") -> None:
    """Waits for a condition; what can't be reached meanwhile is asked again."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if holds():
                return
        except Exception as error:
            if time.monotonic() > deadline:
                raise AssertionError(f"not in {seconds:g} s") from error
        assert time.monotonic() < deadline, f"not in {seconds:g} s: {told()}"
        time.sleep(0.5)


def victims(running: Running, number: int, seed: int) -> Iterable[str]:
    """Pods of every kind in turn, each at random, as they are when it is their turn."""
    chance = random.Random(seed)
    kinds = "gateway models predictor-live predictor-replay selector labelling rounds triton kafka postgres s3".split()
    for turn in range(number):
        kind = kinds[turn % len(kinds)]
        until(lambda: bool(running.pods(kind)), 300)  # noqa: B023
        yield chance.choice(running.pods(kind))
