"""On the cluster of `make cluster`: back to the release before limits, certificates and the audit log, and up again,
while images stream in and rankings are read."""

import itertools
import threading
from collections.abc import Callable

import pytest
import yaml

from madseg import __version__
from madseg.client import Client, ClientError
from tests import reference
from tests.deploy.cluster.before import TAG, place, services
from tests.deploy.cluster.running import ROOT, Running, accept, pictures, served, settled, until, wanted
from tests.pipeline.expected import Asked

FIRST, LATER = 20_000, 30_000
"""Numbers of the pictures that are in before, and of those that come meanwhile."""

pytestmark = [pytest.mark.timeout(3600)]


class Traffic:
    """Sends pictures and asks for rankings while it is open; notes what failed in spite of the client's own tries."""

    def __init__(self, running: Running) -> None:
        self.sent: list[bytes] = []
        self.read, self.failures = 0, list[str]()
        self._running, self._over = running, threading.Event()
        self._threads = [threading.Thread(target=self._again, args=[act]) for act in (self._send, self._read)]

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _again(self, act: Callable[[Client, int], None]) -> None:
        with self._running.client() as client:
            for number in itertools.count():
                if self._over.wait(0.2):
                    return
                try:
                    act(client, number)
                except (AssertionError, ClientError) as error:
                    self.failures.append(f"{act.__name__}: {error!r}")

    def _send(self, client: Client, number: int) -> None:
        (content,) = pictures([LATER + number])
        client.upload(content)
        self.sent.append(content)

    def _read(self, client: Client, _number: int) -> None:
        assert list(client.contests())
        self.read += 1


def test_back_and_up_again_interrupts_nobody(running: Running, client: Client) -> None:
    """Within an era both run on the same tables, topics and files; what came in meanwhile is ranked to the bit."""
    before = place(running.cluster.folder)
    if not before.exists():
        pytest.skip("the history of this checkout doesn't reach back to the release before")
    asked = Asked(ROOT / "model_repository")
    images = accept(client, asked, pictures(range(FIRST, FIRST + 30)))
    with Traffic(running) as traffic:
        for manifests, tag in ((before.read_text(), TAG), (services(ROOT), __version__)):
            seen = len(traffic.sent), traffic.read
            running.cluster.apply(manifests)
            for name in names(manifests):
                running.act("rollout", "status", f"deployment/{name}", "--timeout=900s")
            running.wait_ready()
            until(lambda: tags(running, names(manifests)) == {tag}, 120)  # noqa: B023
            assert (len(traffic.sent) > seen[0], traffic.read > seen[1]) == (True, True)
    assert traffic.failures == []
    print(f"{len(traffic.sent)} pictures and {traffic.read} readings while it went on")
    images += accept(client, asked, traffic.sent)
    settled(client, images)
    every: list[reference.Image] = list({image.image_id: image for image in images}.values())
    assert served(client, every) == wanted(every)


def names(manifests: str) -> list[str]:
    """Of the Deployments."""
    return [item["metadata"]["name"] for item in yaml.safe_load_all(manifests) if item["kind"] == "Deployment"]


def tags(running: Running, deployments: list[str]) -> set[str]:
    """Of the images that the pods of these run."""
    selectors = [f"--selector=app.kubernetes.io/name={name}" for name in deployments]
    pods = [pod for selector in selectors for pod in running.get("pods", selector)["items"]]
    return {pod["spec"]["containers"][0]["image"].rpartition(":")[2] for pod in pods}
