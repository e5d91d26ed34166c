"""What every test on the real servers begins and ends with, and what sends pictures to them."""

import os
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests import reference
from tests.pipeline import expected
from tests.pipeline.conftest import environment
from tests.pipeline.driving import settled
from tests.pipeline.fleet import Fleet, Servers

SOAK = bool(os.environ.get("MADSEG_SOAK"))
SETTLE_SECONDS = 60.0


def settings(servers: Servers, made: Path) -> dict[str, str]:
    """Of a fleet on these servers, under a prefix of its own."""
    return {
        **environment(made, servers.triton.repository.parent),
        **servers.urls(),
        "MADSEG_PREFIX": f"test{uuid.uuid4().hex[:8]}",
        "MADSEG_PARTITIONS": "6",
    }


def check(
    fleet: Fleet, images: Sequence[reference.Image], competitors: Sequence[str], excluded: Iterable[str] = ()
) -> None:
    """Every selector gives the reference's rankings, and one of them its M."""
    client, by = fleet.client(), expected.rules(excluded)
    settled(client, images, SETTLE_SECONDS)
    assert client.selector_status().images == client.intake_status().accepted == len(images)
    wanted = expected.rankings(images, by, competitors)
    for name in fleet.selectors:
        assert expected.served_rankings(fleet.client(name), competitors) == wanted
    assert expected.served_candidates(client, 4) == expected.candidates(images, by, competitors, 4)


def post(http: str, content: bytes) -> tuple[int, str]:
    """Status and Retry-After of an upload."""
    request = urllib.request.Request(f"{http}/v1/images", content, {"Content-Type": "image/png"})
    try:
        with urllib.request.urlopen(request, timeout=90) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Retry-After", "")
