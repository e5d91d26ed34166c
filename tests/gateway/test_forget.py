"""Forgetting: a ban first, and everything that follows may be cut off and done again."""

from collections.abc import Callable

import pytest

from madseg.core.errors import Conflict, InvalidInput, Unavailable
from madseg.core.preprocess import picture_keys
from madseg.gateway import store
from madseg.gateway.accept import Forgotten
from madseg.gateway.chores import reopening
from madseg.gateway.forget import LATELY_MICROS, Forgetting, Receipt, together
from madseg.gateway.upload import ImageUpload
from madseg.wire import topics
from tests.databases import KINDS
from tests.gateway.conftest import Parts
from tests.gateway.failing import Killed, Tapped
from tests.gateway.pictures import noise
from tests.pipeline.running import until


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The gateway's statements run on every kind of database."""
    return str(request.param)


class Selector:
    """A selector that remembers what it was asked and may be away."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False

    def __call__(self, image: str, reason: str) -> Receipt:
        if self.away:
            raise Unavailable("the selector is away")
        self.asked.append(f"{image} {reason}")
        return Receipt(("2 label maps",), ("rankings: at the next batch",))


def forgetting(parts: Parts, selector: Selector, stream: Tapped | None = None) -> Forgetting:
    """The verb under test."""
    return Forgetting(stream or parts.stream, parts.database, parts.blobs, selector, parts.clock, "t")


def test_an_image_is_gone(parts: Parts) -> None:
    """Files, row and record; the receipt has the selector's part in it; the image can't come back."""
    intake, selector = parts.intake(), Selector()
    kept = intake.upload(ImageUpload(noise(1))).image_id
    image = intake.upload(ImageUpload(noise(2))).image_id
    receipt = forgetting(parts, selector).forget(image, "asked by the owner")
    assert "2 label maps" in receipt.gone
    assert any("t.images" in sentence for sentence in receipt.later)
    assert any("weights" in sentence for sentence in receipt.stays)
    assert [f"{image} asked by the owner"] == selector.asked
    assert all(image not in path for path in parts.files())
    assert [(1, kept)] == intake.page(0, 10)
    assert [record.value is None for record in parts.records("t.images") if record.key == image] == [False, True]
    assert (intake.status().stored.accepted, intake.status().stored.forgotten) == (1, 1)
    with pytest.raises(Forgotten):
        intake.upload(ImageUpload(noise(2)))


def test_the_receipt_names_every_topic_that_still_has_something(parts: Parts) -> None:
    """And what was set aside of each; the topic of models has nothing of images."""
    later = " ".join(forgetting(parts, Selector()).forget("ab" * 16, "x").later)
    for topic in topics("t", 1):
        name = topic.name.removesuffix(".dead")
        assert (f" {topic.name}" in later) == (name != "t.models"), topic.name


def test_forgetting_twice_is_the_same(parts: Parts) -> None:
    """The receipt is repeated."""
    image = parts.intake().upload(ImageUpload(noise(1))).image_id
    verb = forgetting(parts, Selector())
    assert verb.forget(image, "x") == verb.forget(image, "y")


def test_what_was_never_accepted_is_banned_too(parts: Parts) -> None:
    """The ban holds for the future, and files of an upload that was cut off go."""
    image = "ab" * 16
    for key in picture_keys(image):
        parts.blobs.put(key, b"left behind")
    forgetting(parts, Selector()).forget(image, "x")
    assert (parts.files(), parts.intake().status().stored.forgotten) == ([], 1)


def test_a_missing_selector_leaves_the_ban(parts: Parts) -> None:
    """Nobody has to ask again: the open ban is carried out later."""
    selector = Selector()
    selector.away = True
    image = parts.intake().upload(ImageUpload(noise(1))).image_id
    verb = forgetting(parts, selector)
    with pytest.raises(Unavailable):
        verb.forget(image, "x")
    with pytest.raises(Forgotten):
        parts.intake().upload(ImageUpload(noise(1)))
    selector.away = False
    assert [verb.finish(), verb.finish()] == [1, 0]
    assert [f"{image} x"] == selector.asked


def test_a_kill_is_made_up_for(parts: Parts) -> None:
    """Cut off right after the ban, the next process finishes."""

    def kill() -> None:
        raise Killed

    image = parts.intake().upload(ImageUpload(noise(1))).image_id
    with pytest.raises(Killed):
        forgetting(parts, Selector(), Tapped(parts.stream, before=kill)).forget(image, "x")
    assert len(parts.files()) == 2
    assert forgetting(parts, Selector()).finish() == 1
    assert parts.files() == []


def test_recent_bans_are_carried_out_again_at_a_start(parts: Parts) -> None:
    """An upload that was killed after a ban overtook it has left files and a record."""
    verb, image = forgetting(parts, Selector()), "cd" * 16
    verb.forget(image, "x")
    parts.blobs.put(picture_keys(image)[0], b"left behind")
    verb.reopen()
    assert verb.finish() == 1
    assert parts.files() == []


def test_a_ban_that_is_refused_keeps_none_behind_it(parts: Parts) -> None:
    """They are carried out; the failure is told, and that one tried again."""
    refused, other = "ab" * 16, "cd" * 16
    asked = []

    def selector(image: str, _: str) -> Receipt:
        asked.append(image)
        if image == refused:
            raise Conflict("never")
        return Receipt()

    with parts.database.write() as tx:
        store.ban(tx, refused, "x", 1)
        store.ban(tx, other, "x", 2)
    verb = Forgetting(parts.stream, parts.database, parts.blobs, selector, parts.clock, "t")
    for _ in range(2):
        with pytest.raises(Conflict, match="never"):
            verb.finish()
    assert asked == [refused, other, refused]


def test_bans_of_the_last_hour_are_opened_again_while_it_runs(parts: Parts) -> None:
    """For uploads that failed after one overtook them, while the database was away too; older ones stay finished."""
    verb = forgetting(parts, Selector())
    with parts.database.write() as tx:
        store.ban(tx, "ab" * 16, "x", parts.clock() - 2 * LATELY_MICROS)
        store.finish_ban(tx, "ab" * 16)
    verb.forget("cd" * 16, "x")
    parts.blobs.put(picture_keys("cd" * 16)[0], b"left behind")
    chore = reopening(verb, pause=60)
    chore.start()
    until(lambda: verb.finish() == 1)
    chore.stop()
    assert parts.files() == []


@pytest.mark.parametrize(("image", "reason"), [("x", "y"), ("0" * 32, " "), ("0" * 32, "y" * 1001)])
def test_id_and_reason_are_checked(parts: Parts, image: str, reason: str) -> None:
    """Before anything is banned."""
    with pytest.raises(InvalidInput):
        forgetting(parts, Selector()).forget(image, reason)
    assert parts.intake().status().stored.forgotten == 0


def test_requeueing_does_not_revive(parts: Parts) -> None:
    """Forgotten while it is published again, the image gets a last tombstone."""
    image = parts.intake().upload(ImageUpload(noise(1))).image_id

    def forget() -> None:
        with parts.database.write() as tx:
            store.ban(tx, image, "x", 0)

    acts: list[Callable[[], None]] = [forget, lambda: None]
    intake = parts.intake(stream=Tapped(parts.stream, after=lambda: acts.pop(0)()))
    assert (0, [image]) == intake.requeue([image])
    assert parts.records("t.images")[-1].value is None


def test_several_services_are_asked_in_their_order() -> None:
    """One receipt of all; where one is away those behind it are not asked yet."""
    away = Selector()
    whole = together(lambda *_: Receipt(("1 mask",), stays=("weights of runs",)), away)
    assert whole("ab" * 16, "x") == Receipt(
        ("1 mask", "2 label maps"), ("rankings: at the next batch",), ("weights of runs",)
    )
    away.away = True
    behind = Selector()
    with pytest.raises(Unavailable):
        together(away, behind)("ab" * 16, "x")
    assert behind.asked == []
