"""The catalogue: what there is, who plays what, and what is announced of it."""

from datetime import UTC, datetime
from pathlib import Path

import onnx
import pytest
import yaml

from madseg.core.errors import AlreadyExists, InvalidInput, InvalidModel, NotFound
from madseg.core.messages import ModelEvent, Role, RoleChanged, VersionPublished, VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Topic
from madseg.predictor.catalogue import Catalogue, announcer
from madseg.wire import decode_model_event
from tests.contracts.fakes import FakeStream
from tests.predictor.networks import COLOURS, GRID, network

SIZE = Size(*GRID)


class Announcements:
    """A catalogue and what it has announced."""

    def __init__(self, root: Path) -> None:
        self.root, self.said = root, list[ModelEvent]()
        self.catalogue = Catalogue(root / "models", COLOURS, SIZE, self.said.extend, lambda: datetime.now(UTC))

    def add(self, name: str, role: str = "competitor") -> None:
        """A served model."""
        file = self.root / f"{name}.onnx"
        onnx.save(network(), file)
        self.catalogue.add(file, card(name, role), name)


def card(name: str, role: str = "competitor") -> str:
    """A card of `network()`."""
    return yaml.safe_dump({"name": name, "role": role, "classes": list(COLOURS.names)})


@pytest.fixture
def it(tmp_path: Path) -> Announcements:
    """An empty catalogue."""
    return Announcements(tmp_path)


def test_a_model_that_is_added_is_announced(it: Announcements) -> None:
    """Its version, then its role."""
    it.add("net", "target")
    published, role = it.said
    assert isinstance(published, VersionPublished)
    assert (published.ref, published.covers, published.taxonomy_id, published.grid, len(published.sha256)) == (
        VersionRef("net", 1),
        COLOURS.names,
        COLOURS.id,
        SIZE,
        32,
    )
    assert role == RoleChanged("net", Role.TARGET, (1,))


def test_a_second_target_is_refused(it: Announcements) -> None:
    """Added, released into, registered or promoted; the one there is stays, and nothing is announced."""
    it.add("net", "target")
    it.add("other")
    before = list(it.said)
    for act in (
        lambda: it.add("third", "target"),
        lambda: it.catalogue.register_imported("elsewhere", Role.TARGET, []),
        lambda: it.catalogue.set_role("other", Role.TARGET),
    ):
        with pytest.raises(AlreadyExists, match="'net' is the target"):
            act()
    assert before == it.said
    assert [(m.name, m.role) for m in it.catalogue.models()] == [("net", Role.TARGET), ("other", Role.COMPETITOR)]
    it.catalogue.set_role("net", Role.RETIRED)
    assert it.catalogue.set_role("other", Role.TARGET).role is Role.TARGET


def test_roles_are_announced_and_the_retired_serve_nothing(it: Announcements) -> None:
    """And come back as they were."""
    it.add("net")
    it.catalogue.set_role("net", Role.RETIRED)
    assert it.said[-1] == RoleChanged("net", Role.RETIRED, ())
    it.catalogue.set_role("net", Role.COMPETITOR)
    assert it.said[-1] == RoleChanged("net", Role.COMPETITOR, (1,))


def test_a_release_is_announced_beside_the_version_before(it: Announcements) -> None:
    """With its parent; the model says which versions serve."""
    it.add("net")
    file = it.root / "next.onnx"
    onnx.save(network(), file)
    model, added = it.catalogue.release(file, "net", "")
    assert (added.name, added.version) == ("net", 2)
    assert model.serving == (1, 2)
    versions = [event for event in it.said if isinstance(event, VersionPublished) and event.ref.version == 2]
    assert [VersionRef("net", 1)] == [event.parent for event in versions]


def test_imported_models_are_registered_once_with_the_same_classes(it: Announcements) -> None:
    """Again changes nothing but the role; other classes are another model."""
    it.catalogue.register_imported("theirs", Role.COMPETITOR, ["red", "blue", "red"])
    model = it.catalogue.register_imported("theirs", Role.COMPETITOR, ["blue", "red"])
    assert (model.covers, model.imported, model.serving) == (("red", "blue"), True, (1,))
    published = it.said[0]
    assert isinstance(published, VersionPublished)
    assert (published.ref, published.sha256) == (VersionRef("theirs", 1), b"")
    with pytest.raises(AlreadyExists, match="with other classes"):
        it.catalogue.register_imported("theirs", Role.COMPETITOR, [])
    with pytest.raises(InvalidInput, match="class 'pink' is not in taxonomy"):
        it.catalogue.register_imported("pinkish", Role.COMPETITOR, ["pink"])
    with pytest.raises(InvalidInput, match="a model name must match"):
        it.catalogue.register_imported("../theirs", Role.COMPETITOR, [])
    assert it.catalogue.set_role("theirs", Role.RETIRED).role is Role.RETIRED


def test_served_and_imported_models_share_their_names(it: Announcements) -> None:
    """One name, one model."""
    it.add("net")
    it.catalogue.register_imported("theirs", Role.COMPETITOR, [])
    with pytest.raises(AlreadyExists, match="model 'net' exists"):
        it.catalogue.register_imported("net", Role.COMPETITOR, [])
    with pytest.raises(AlreadyExists, match="model 'theirs' exists"):
        it.add("theirs")


def test_names_that_nothing_has_are_refused_with_those_there_are(it: Announcements) -> None:
    """Read, changed or released."""
    it.add("net")
    for act in (
        lambda: it.catalogue.model("ent"),
        lambda: it.catalogue.set_role("ent", Role.TARGET),
        lambda: it.catalogue.path("ent", 1),
    ):
        with pytest.raises(NotFound, match="ent"):
            act()
    with pytest.raises(InvalidInput, match="say which model"):
        it.catalogue.release(it.root / "net.onnx", "", "")


@pytest.mark.parametrize("text", ["classes: [", "just a word", "", "- 1", "\0"])
def test_a_card_that_is_none_is_refused(it: Announcements, text: str) -> None:
    """Before anything is read or written."""
    with pytest.raises(InvalidInput, match="card"):
        it.catalogue.add(it.root / "nowhere.onnx", text, "net")
    assert (it.said, it.catalogue.models()) == ([], [])


def test_a_network_that_is_none_is_refused(it: Announcements) -> None:
    """And nothing is announced."""
    file = it.root / "poem.onnx"
    file.write_text("Roses are red")
    with pytest.raises(InvalidModel):
        it.catalogue.add(file, card("poem"), "poem")
    assert (it.said, it.catalogue.models()) == ([], [])


def test_everything_is_announced_anew_at_a_start(it: Announcements) -> None:
    """For consumers that lost their state; the last record of each key says the same as before."""
    it.add("net", "target")
    it.catalogue.register_imported("theirs", Role.COMPETITOR, [])
    before = list(it.said)
    it.said.clear()
    it.catalogue.announce_all()
    assert before == it.said


def test_announcements_are_records_under_their_keys(it: Announcements) -> None:
    """As the topic is compacted by."""
    stream = FakeStream()
    stream.create(Topic("models"))
    it.add("net")
    announcer(stream, "models")(it.said)
    records = stream.log.topics["models"].partitions[0]
    assert [record.key for record in records] == ["version/net/1", "role/net"]
    assert it.said == [decode_model_event(record.value or b"") for record in records]
    stream.close()
