"""History bounds how far back images go: what is older is removed from every part, through a kill."""

import random

from madseg.client import Client
from tests.pipeline import expected
from tests.pipeline.driving import accept, settled
from tests.pipeline.expected import Asked
from tests.pipeline.running import Up, until
from tests.pipeline.world import COMPETITORS, picture

AN_INSTANT = "0.0000000001"
"""Days: whatever is in is older."""


def test_images_that_history_has_passed_are_gone_and_may_come_again(up: Up, asked: Asked) -> None:
    """From the gateway, the files, the selector; sent again they rank as if they had never been here."""
    pictures = [picture(seed) for seed in range(110)]
    client = up.start()
    images = accept(client, asked, pictures)
    settled(client, images)
    cut = client.cut_candidates(per_ranking=4)
    up.kill()
    client = up.start(MADSEG_HISTORY_DAYS=AN_INSTANT)
    until(lambda: counted(client) < len(images), 60, every=0.005)
    up.kill()
    client = up.start(MADSEG_HISTORY_DAYS=AN_INSTANT)
    until(lambda: counted(client) == 0, 60)
    assert list(client.images()) == []
    assert client.intake_status().accepted == 0
    assert {(item.stored, item.failed) for item in client.selector_status().versions} == {(0, 0)}
    assert [path for path in (up.state / "blobs").rglob("*") if path.is_file()] == []
    assert not any(expected.served_rankings(client, COMPETITORS).values())
    assert len(list(client.candidates(cut.id))) == cut.size
    assert up.terminate() == 0
    client = up.start()
    again = random.Random(1).sample(pictures, 30)
    images = accept(client, asked, again)
    assert client.intake_status().duplicates == 0
    settled(client, images)
    wanted = expected.rankings(images, expected.rules(), COMPETITORS)
    assert wanted == expected.served_rankings(client, COMPETITORS)
    assert expected.candidates(images, expected.rules(), COMPETITORS, 4) == expected.served_candidates(client, 4)


def counted(client: Client) -> int:
    """Images that the selector knows."""
    return client.selector_status().images
