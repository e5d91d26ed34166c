"""Images listed while others are being accepted, by several processes."""

import threading
from datetime import UTC, datetime

import pytest

from madseg.core.messages import ImageAccepted, ImageFacts
from madseg.core.preprocess import Box, Size
from madseg.gateway import store
from tests.gateway.conftest import Parts
from tests.pipeline.running import until
from tests.servers import postgres


@pytest.fixture
def kind() -> str:
    """Only there does a transaction not wait for the one before it."""
    return "postgresql"


def image(number: int, *, random_lane: bool = False) -> store.StoredImage:
    """An image that was accepted."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    facts = ImageFacts(f"{number:032x}", 0, "camera", now, random_lane=random_lane, accepted_at=now)
    accepted = ImageAccepted(facts, bytes(32), "a", "b", Size(6, 8), Box(0, 0, 8, 6), "6x8")
    return store.StoredImage(accepted, "image/png", "")


def test_no_page_ends_behind_an_image_that_is_still_being_accepted(parts: Parts, database_url: str) -> None:
    """Who asks for what follows the last one would never see it."""
    intake = parts.intake()
    pages: list[list[tuple[int, str]]] = []
    with parts.database.write(beside=True) as slow:
        assert store.add_image(slow, image(1))
        with parts.database.write(beside=True) as quick:
            assert store.add_image(quick, image(2))
        listing = threading.Thread(target=lambda: pages.append(intake.page(0, 10)))
        listing.start()
        until(lambda: postgres.waiting(database_url) == 1)
    listing.join()
    assert pages == [[(1, f"{1:032x}"), (2, f"{2:032x}")]]


def test_full_pages_wait_for_nobody(parts: Parts) -> None:
    """What was settled once stays so."""
    intake = parts.intake()
    with parts.database.write() as tx:
        for number in range(1, 5):
            store.add_image(tx, image(number))
    assert len(intake.page(0, 10)) == 4
    with parts.database.write():
        assert [sequence for sequence, _ in intake.page(0, 2)] == [1, 2]
        assert [sequence for sequence, _ in intake.page(2, 2)] == [3, 4]


def test_the_random_lane_alone(parts: Parts) -> None:
    """In pages of its own."""
    intake = parts.intake()
    with parts.database.write() as tx:
        for number in range(1, 8):
            store.add_image(tx, image(number, random_lane=number % 2 == 0))
    assert [sequence for sequence, _ in intake.page(0, 2, random_lane=True)] == [2, 4]
    assert [sequence for sequence, _ in intake.page(4, 2, random_lane=True)] == [6]
