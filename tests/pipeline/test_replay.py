"""A second version of the target is released on a running system: it competes over all images, through kills."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from madseg.adapters.streams import open_stream
from madseg.client import Client, ContestState, Version
from madseg.core.messages import PredictionFailure
from madseg.wire import decode_predictions
from tests import reference
from tests.pipeline import expected
from tests.pipeline.driving import accept, settled
from tests.pipeline.expected import Asked, Key
from tests.pipeline.letters import TOPICS
from tests.pipeline.running import Up, until
from tests.pipeline.world import COMPETITORS, TARGET, card, picture

NEXT = Version(TARGET, 2)
STANDS_FOR = "omega"
"""The network that is released as the target's second version."""

PICTURES, KILLS = 160, 3


@pytest.mark.timeout(600)
def test_a_released_target_competes_over_all_images_through_kills(up: Up, made: Path, asked: Asked) -> None:
    """The old contests answer until the new ones are complete; then both equal the batch computation to the bit."""
    up.settings |= {"MADSEG_WINDOW": "1", "MADSEG_THREADS": "1"}
    client = up.start()
    pictures = [picture(seed) for seed in range(PICTURES)]
    images = accept(client, asked, pictures, (TARGET, *COMPETITORS, STANDS_FOR))
    settled(client, images)
    before = served(client)
    text = yaml.safe_dump({**card(STANDS_FOR), "name": TARGET, "role": "target"})
    client.release_version(made / "networks" / f"{STANDS_FOR}.onnx", text)
    for kill in range(KILLS):
        at_first = missing(up.client)
        until(lambda at_first=at_first: missing(up.client) != at_first, 60, every=0.005)  # type: ignore[misc]
        print(f"kill {kill + 1}: {at_first} were missing, now {missing(up.client)}")
        up.kill()
        client = up.start()
        check_answers(client, before)
    settled(client, images)
    assert client.selector_status().replays == ()
    assert list(client.list_missing()) == []

    after = [replace(image, maps={**image.maps, TARGET: image.maps[STANDS_FOR]}) for image in images]
    by = expected.rules()
    assert expected.rankings(after, by, COMPETITORS) == served(client)
    assert expected.candidates(after, by, COMPETITORS, 4) == expected.served_candidates(client, 4)
    assert before == served(client, f"{TARGET}/1")
    check_difference(client, images, after)
    assert up.terminate() == 0
    assert outcomes(up) == {Version(name, 1): PICTURES for name in (TARGET, *COMPETITORS)}


def served(client: Client, target: str = TARGET) -> dict[Key, list[tuple[float, str]]]:
    """Every ranking as the API gives it."""
    return expected.served_rankings(client, COMPETITORS, target, page_size=1000)


def missing(client: Client) -> int | None:
    """How many images lack the new version, where it is being taken over them."""
    found = [item for item in client.selector_status().replays if item.version == NEXT]
    return found[0].missing if found else None


def check_answers(client: Client, before: dict[Key, list[tuple[float, str]]]) -> None:
    """While the new contests are filling, whoever asks for the target gets the old version's rankings."""
    answers = served(client)
    going = [item.state for item in client.contests() if item.target == NEXT]
    assert len(going) == len(COMPETITORS)
    if ContestState.FILLING in going:  # it still was, after the answers
        assert before == answers


def check_difference(client: Client, old: Sequence[reference.Image], new: Sequence[reference.Image]) -> None:
    """What entered and left M is the difference of the two Ms by the reference."""
    was, now = (set(expected.candidates(side, expected.rules(), COMPETITORS, 4)) for side in (old, new))
    found = client.diff_candidates(f"{TARGET}/1", str(NEXT), per_ranking=4)
    assert now - was == {item.image_id for item in found.entered}
    assert was - now == {item.image_id for item in found.left}
    assert was & now == {item.image_id for item in found.stayed}
    assert was != now


def outcomes(up: Up) -> dict[Version, int]:
    """How many predictions were made by version but the new one: nobody else was asked twice."""
    stream = open_stream(f"sqlite:///{up.state}/stream.db")
    topic = TOPICS[1].name
    consumer = stream.consume(topic)
    counts: Counter[Version] = Counter()
    while consumer.lag():
        for record in consumer.poll(1, 1000):
            for outcome in decode_predictions(record.value or b"").outcomes:
                assert not isinstance(outcome, PredictionFailure)
                counts[Version(outcome.version.model, outcome.version.version)] += 1
    consumer.close()
    stream.close()
    assert counts.pop(NEXT) >= PICTURES
    return dict(counts)
