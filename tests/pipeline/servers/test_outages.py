"""A server goes away in mid-stream: intake says so where it must, and everything catches up by itself."""

import time

import pytest

from tests.pipeline.driving import accept
from tests.pipeline.expected import Asked
from tests.pipeline.fleet import Fleet, Servers
from tests.pipeline.running import until
from tests.pipeline.servers.checking import SOAK, check, post
from tests.pipeline.world import COMPETITORS, picture

OUTAGE_SECONDS = 30 if SOAK else 4

pytestmark = [pytest.mark.soak, pytest.mark.timeout(2400)]


@pytest.mark.parametrize("name", ["kafka", "triton", "postgres", "s3"])
def test_an_outage_loses_nothing_and_ends_by_itself(name: str, fleet: Fleet, servers: Servers, asked: Asked) -> None:
    """The server is stopped in mid-stream; intake says 503 where it must, and takes the same picture later."""
    client = fleet.start()
    images = accept(client, asked, [picture(5000 + number) for number in range(12)])
    before = _resident(fleet)
    server = servers.all()[name]
    server.kill()
    try:
        ends = time.monotonic() + OUTAGE_SECONDS
        late, refused = [picture(5100 + number) for number in range(12)], 0
        while time.monotonic() < ends:
            answers = [post(fleet.http, content) for content in late[:2]]
            refused += sum(status == 503 for status, _ in answers)
            assert all(retry for status, retry in answers if status == 503)
            assert {status for status, _ in answers} <= {200, 201, 503}
    finally:
        server.start()
    # Triton is behind the stream: intake goes on without it.
    assert (refused > 0) == (name != "triton")
    for content in late:
        until(lambda: post(fleet.http, content)[0] in {200, 201}, 60, every=0.2)  # noqa: B023
    images += accept(client, asked, late)
    check(fleet, images, COMPETITORS)
    assert all(_resident(fleet)[process] < held + (256 << 20) for process, held in before.items())


def _resident(fleet: Fleet) -> dict[str, int]:
    return {name: process.resident() for name, process in fleet.processes.items()}
