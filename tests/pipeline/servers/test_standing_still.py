"""A server that stands still for two seconds again and again only delays."""

import signal
import threading
import time

import pytest

from deploy.local.server import Server
from tests.pipeline.driving import accept
from tests.pipeline.expected import Asked
from tests.pipeline.fleet import Fleet, Servers
from tests.pipeline.running import until
from tests.pipeline.servers.checking import SOAK, check, post
from tests.pipeline.world import COMPETITORS, picture

PICTURES = 12 if SOAK else 2

pytestmark = [pytest.mark.soak, pytest.mark.timeout(2400)]


@pytest.mark.parametrize("name", ["kafka", "triton", "postgres", "s3"])
def test_a_server_that_stands_still_again_and_again_only_delays(
    name: str, fleet: Fleet, servers: Servers, asked: Asked
) -> None:
    """Two seconds of every answer: slower, and not one failed prediction."""
    client = fleet.start()
    server, pictures = servers.all()[name], [picture(6000 + number) for number in range(PICTURES)]
    slow = threading.Event()
    slow.set()
    standing = threading.Thread(target=_stand_still, args=(server, slow))
    standing.start()
    try:
        for content in pictures:
            until(lambda: post(fleet.http, content)[0] in {200, 201}, 120, every=0.2)  # noqa: B023
    finally:
        slow.clear()
        standing.join(30)
    check(fleet, accept(client, asked, pictures), COMPETITORS)
    assert all(count.failed == 0 for count in client.selector_status().versions)


def _stand_still(server: Server, slow: threading.Event) -> None:
    while slow.is_set():
        server.signal(signal.SIGSTOP)
        time.sleep(2)
        server.signal(signal.SIGCONT)
        time.sleep(0.1)
