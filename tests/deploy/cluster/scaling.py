"""On the cluster of `make cluster` with KEDA and the overlay `local-keda`: pods come and go by lag on a real Kafka."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from madseg.client import Client
from tests.deploy.cluster.running import ROOT, Running, accept, pictures, served, settled, until, wanted
from tests.pipeline.expected import Asked

BURST = 240
BURSTS = 5
"""At most, one after the other: where the machine is slow, one is over before a second predictor is ready."""

FOLLOWERS = {"predictor-live": 0, "selector": 1}
"""What follows the lag, and how many of it are there without any."""

pytestmark = [pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def running() -> Running:
    """The cluster, quiet: as few of each as there may be."""
    found = Running()
    until(lambda: pods(found) == FOLLOWERS, 900, lambda: pods(found))
    found.wait_ready()
    return found


def test_they_follow_the_lag_and_lose_nothing(running: Running, client: Client) -> None:
    """From none to several and back, twice; what came in is ranked as the reference has it, each image once."""
    asked, images = Asked(ROOT / "model_repository"), []
    for turn in (1, 2):
        with most(running) as seen:
            for burst in range(BURSTS):
                first = turn * 10_000 + burst * BURST
                images += accept(client, asked, pictures(range(first, first + BURST)))
                if seen["predictor-live"] > 1:
                    break
            settled(client, images, 1800)
        assert seen["predictor-live"] > 1, seen
        assert served(client, images) == wanted(images)
        until(lambda: pods(running) == FOLLOWERS, 600, lambda: pods(running))
    assert served(client, images) == wanted(images)


def pods(running: Running) -> dict[str, int]:
    """Of each follower, the pods that aren't gone yet."""
    return {name: len(running.pods(name)) for name in FOLLOWERS}


@contextmanager
def most(running: Running) -> Iterator[dict[str, int]]:
    """The most pods of each that were ready at once meanwhile."""
    seen, over = dict.fromkeys(FOLLOWERS, 0), threading.Event()

    def watch() -> None:
        while not over.wait(1):
            for name in FOLLOWERS:
                ready = running.get("deployment", name)["status"].get("readyReplicas", 0)
                seen[name] = max(seen[name], ready)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        over.set()
        watching.join()
