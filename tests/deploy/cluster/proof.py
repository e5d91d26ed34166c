"""On the cluster of `make cluster`: what docs/kubernetes.md says is so. In the order of the file, on one cluster."""

import json
import os
import subprocess
import threading
import time
import urllib.request
from itertools import count

import pytest
import yaml

from deploy.cluster.programs import kustomize
from deploy.local.server import Failed
from madseg.client import Client, ClientError
from tests import reference
from tests.deploy.cluster.definitions import definitions
from tests.deploy.cluster.running import (
    NAMESPACE,
    ROOT,
    Running,
    accept,
    pictures,
    served,
    settled,
    until,
    victims,
    wanted,
)
from tests.pipeline.expected import Asked

KILLS = int(os.environ.get("MADSEG_TEST_KILLS", "55"))
OVERLAYS = ROOT / "deploy" / "kubernetes" / "overlays"

pytestmark = [pytest.mark.timeout(3600)]

ASK = """
import json, os, sys
from madseg.client import Client
with Client(selector='selector:7003', token=os.environ['MADSEG_TOKEN']) as client:
    entries = client.ranking('unet', sys.argv[1], sys.argv[2], sys.argv[3], keep_near_duplicates=True, page_size=1000)
    print(json.dumps([[entry.discrepancy, entry.image_id] for entry in entries if entry.image_id in sys.argv[4]]))
"""


@pytest.fixture(scope="module")
def asked() -> Asked:
    """The networks without the product."""
    return Asked(ROOT / "model_repository")


@pytest.fixture(scope="module")
def images(client: Client, asked: Asked) -> list[reference.Image]:
    """A first stream of images, each of which every network has been asked about."""
    found = accept(client, asked, pictures(range(60)))
    settled(client, found)
    return found


def test_every_overlay_is_let_in(running: Running) -> None:
    """By the server, every field checked, with the custom resources defined."""
    defined = definitions()
    running.cluster.apply(defined)
    for item in yaml.safe_load_all(defined):
        name = item["metadata"]["name"]
        running.cluster.kubectl("wait", "--for=condition=Established", f"crd/{name}", "--timeout=60s")
    apply = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename=-"]
    running.cluster.apply(yaml.safe_dump({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "trial"}}))
    for overlay in sorted(OVERLAYS.iterdir()):
        rendered = subprocess.run([kustomize(), "build", overlay], check=True, capture_output=True, text=True).stdout
        elsewhere = rendered.replace(f"namespace: {NAMESPACE}\n", "namespace: trial\n")
        running.cluster.kubectl(*apply, "--force-conflicts", given=elsewhere)
        misspelt = elsewhere.replace("minAvailable: 1", "minAvailabel: 1")
        with pytest.raises(Failed, match="not declared in schema"):
            running.cluster.kubectl(*apply, given=misspelt)


def test_a_pod_with_rights_is_refused(running: Running) -> None:
    """By the level of the namespace."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "root"},
        "spec": {"containers": [{"name": "root", "image": "madseg/service:0.1.0", "command": ["id"]}]},
    }
    with pytest.raises(Failed, match="violates PodSecurity"):
        running.act("create", "--filename=-", given=yaml.safe_dump(pod))


def test_rankings_equal_the_batch_reference(client: Client, images: list[reference.Image]) -> None:
    """To the bit, for images that came in by the gateway's Service."""
    expected = wanted(images)
    assert sum(map(len, expected.values())) > 100
    assert served(client, images) == expected


def test_another_pod_asks_by_the_published_client(running: Running, images: list[reference.Image]) -> None:
    """With names of the cluster and no rights."""
    key, expected = max(wanted(images).items(), key=lambda item: len(item[1]))
    competitor, defender, name = key.split(" ")
    ours = " ".join(image.image_id for image in images)
    security = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "asking"},
        "spec": {
            "restartPolicy": "Never",
            "enableServiceLinks": False,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 10002, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "asking",
                    "image": "madseg/service:0.1.0",
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python", "-c", ASK, competitor, defender, name, ours],
                    "securityContext": security,
                    "env": [
                        {"name": "MADSEG_TOKEN", "valueFrom": {"secretKeyRef": {"name": "operator", "key": "token"}}}
                    ],
                }
            ],
        },
    }
    running.act("delete", "pod", "asking", "--ignore-not-found")
    running.act("create", "--filename=-", given=yaml.safe_dump(pod))
    running.act("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/asking", "--timeout=300s")
    assert json.loads(running.act("logs", "asking")) == [list(entry) for entry in expected]
    running.act("delete", "pod", "asking")


def test_the_last_gateway_is_not_evicted(running: Running) -> None:
    """Its budget holds it."""
    (pod,) = running.pods("gateway")
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": NAMESPACE}}
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}/eviction"
    with pytest.raises(Failed, match="disruption budget"):
        running.cluster.kubectl("create", f"--raw={path}", "--filename=-", given=json.dumps(eviction))


def test_a_rolling_restart_fails_no_call(running: Running, client: Client, images: list[reference.Image]) -> None:
    """Of gateway and selector, while both are asked again and again: nobody is sent to a pod that can't serve."""
    failures: list[str] = []
    answers = count()
    over = threading.Event()
    image = f"http://{running.address('gateway', 'http')}/v1/images/{images[0].image_id}"
    request = urllib.request.Request(image, headers={"authorization": f"Bearer {running.token()}"})

    def ask() -> None:
        while not over.is_set():
            try:
                list(client.contests())
                urllib.request.urlopen(request, timeout=30).close()
                next(answers)
            except (ClientError, OSError) as error:
                failures.append(repr(error))
            time.sleep(0.1)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for name in ("gateway", "selector"):
            running.act("rollout", "restart", f"deployment/{name}")
            running.act("rollout", "status", f"deployment/{name}", "--timeout=600s")
    finally:
        over.set()
        asking.join()
    assert (failures, next(answers) > 20) == ([], True)


def test_nothing_is_lost_when_pods_are_deleted(
    running: Running, client: Client, asked: Asked, images: list[reference.Image]
) -> None:
    """Of every kind, at random, while images stream in; what was accepted is ranked as the reference has it."""
    accepted: list[reference.Image] = []
    over = threading.Event()
    failures: list[str] = []

    def stream() -> None:
        number = 1000
        while not over.wait(0.3):
            try:
                accepted.extend(accept(client, asked, pictures([number])))
                number += 1
            except ClientError:
                pass  # it is sent again: the same bytes are one image
            except Exception as error:  # noqa: BLE001 (told below)
                failures.append(repr(error))
                return

    streaming = threading.Thread(target=stream)
    streaming.start()
    try:
        for number, pod in enumerate(victims(running, KILLS, 5), 1):
            print(f"deletion {number}/{KILLS}: {pod}, {len(accepted)} accepted", flush=True)
            running.act("delete", "pod", pod, "--grace-period=0", "--force", "--wait=false")
            if number % 3:  # else the next one goes while this one is away
                running.wait_ready()
    finally:
        over.set()
        streaming.join()
    assert failures == []
    running.wait_ready()
    every = list({image.image_id: image for image in [*images, *accepted]}.values())
    settled(client, every)
    assert served(client, every) == wanted(every)


def test_a_second_migration_changes_nothing(running: Running) -> None:
    """Its job, run again."""
    (name,) = (item["metadata"]["name"] for item in running.get("jobs")["items"])
    job = running.get("job", name)
    running.act("delete", "job", name)
    for field in ("resourceVersion", "uid", "creationTimestamp", "managedFields", "ownerReferences"):
        job["metadata"].pop(field, None)
    job.pop("status")
    job["spec"].pop("selector")
    for labels in (job["metadata"]["labels"], job["spec"]["template"]["metadata"]["labels"]):
        for label in [label for label in labels if "controller-uid" in label or "job-name" in label]:
            labels.pop(label)
    running.act("create", "--filename=-", given=json.dumps(job))
    running.act("wait", "--for=condition=complete", f"job/{name}", "--timeout=300s")
    until(lambda: not running.lacking(), 300, running.lacking)
