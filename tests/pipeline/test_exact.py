"""From pictures to candidates through every service, and what comes out is what a batch computation gives."""

import time

from tests.pipeline import expected
from tests.pipeline.driving import accept, settled
from tests.pipeline.expected import Asked
from tests.pipeline.running import Up
from tests.pipeline.world import COMPETITORS, picture


def test_rankings_and_candidates_equal_the_batch_computation(up: Up, asked: Asked) -> None:
    """Pictures in over gRPC, rankings and M out over gRPC, equal to the bit to networks asked one by one."""
    begun = time.monotonic()
    client = up.start()
    print(f"ready after {time.monotonic() - begun:.2f} s")
    images = accept(client, asked, [picture(seed) for seed in range(60)])
    settled(client, images)
    by = expected.rules()
    wanted = expected.rankings(images, by, COMPETITORS)
    assert all(len(rows) > 5 for rows in wanted.values())
    assert wanted == expected.served_rankings(client, COMPETITORS)
    assert expected.candidates(images, by, COMPETITORS, 4) == expected.served_candidates(client, 4)


def test_it_starts_and_stops_and_starts_again_on_its_old_state(up: Up) -> None:
    """How long that takes is measured by `make bench`."""
    for _ in range(2):
        up.start()
        assert up.terminate() == 0
