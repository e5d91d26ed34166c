"""The catalogue: what there is, who plays what, and what is announced of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import onnx
import pytest
import yaml

from madseg.core.errors import AlreadyExists, InvalidInput, InvalidModel, NotFound, NotReady, Stale, Unavailable
from madseg.core.messages import ModelEvent, Role, RoleChanged, VersionPublished, VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Answer, Topic
from madseg.predictor.announce import Model, announcer
from madseg.predictor.catalogue import Catalogue
from madseg.predictor.running import Network
from madseg.predictor.trial import Trial
from madseg.wire import decode_model_event
from tests.contracts.fakes import FakeInference, FakeStream
from tests.predictor.networks import COLOURS, GRID, network

SIZE = Size(*GRID)


class Server(FakeInference):
    """Serves what lies in a repository, by ONNX Runtime; `faults` can't be loaded."""

    def __init__(self, root: Path) -> None:
        super().__init__({})
        self._root = root

    def load(self, version: VersionRef, grid: Size) -> None:
        file = self._root / version.model / str(version.version) / "model.onnx"
        if file.exists():
            running = Network(file.read_bytes())
            self.networks[version] = lambda picture: Answer(
                running.run(["labels"], {"image": picture[None]})[0][0], None
            )
        super().load(version, grid)


class Announcements:
    """A catalogue and what it has announced."""

    def __init__(self, root: Path) -> None:
        self.root, self.said = root, list[ModelEvent]()
        self.server, self.away = Server(root / "models"), False
        self.catalogue = Catalogue(
            root / "models",
            COLOURS,
            SIZE,
            self._announce,
            lambda: datetime.now(UTC),
            trial=Trial(self.server, SIZE, patience=0),
        )

    def _announce(self, events: Sequence[ModelEvent]) -> None:
        if self.away:
            raise Unavailable("the stream is away")
        self.said.extend(events)

    def add(self, name: str, role: str = "competitor") -> None:
        """A served model."""
        file = self.root / f"{name}.onnx"
        onnx.save(network(), file)
        self.catalogue.add(file, card(name, role), name)

    def release(self, name: str) -> Model:
        """The next version of a model."""
        file = self.root / "next.onnx"
        onnx.save(network(), file)
        return self.catalogue.release(file, name, "")[0]


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
    with pytest.raises(InvalidInput, match=r"model name .* must be 1\.\.63 of a-z"):
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
    it.catalogue.begin()
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


def test_a_released_version_is_tried_before_it_is_announced(it: Announcements) -> None:
    """It then serves beside the newest before it; what serves no more is freed last."""
    it.add("net")
    assert it.release("net").serving == (1, 2)
    it.server.kept.clear()
    it.said.clear()
    assert it.release("net").serving == (2, 3)
    assert it.said[-1] == RoleChanged("net", Role.COMPETITOR, (2, 3))
    assert it.server.kept == [("net", (1, 2, 3)), ("net", (2, 3))]
    assert set(it.server.loaded) == {VersionRef("net", 2), VersionRef("net", 3)}


def test_a_version_that_can_t_be_loaded_is_taken_back(it: Announcements) -> None:
    """Nothing is announced, the others go on serving, and the next release has its number."""
    it.add("net")
    it.said.clear()
    it.server.faults[VersionRef("net", 2)] = InvalidModel("net/2 has an operator that the server lacks")
    with pytest.raises(InvalidModel, match="net/2 has an operator that the server lacks"):
        it.release("net")
    assert (it.said, it.catalogue.model("net").serving) == ([], (1,))
    assert it.server.kept[-1] == ("net", (1,))
    it.server.faults.clear()
    assert it.release("net").serving == (1, 2)


def test_a_new_model_that_can_t_be_loaded_leaves_nothing(it: Announcements) -> None:
    """Neither a folder nor a place on the server."""
    it.server.faults[VersionRef("net", 1)] = InvalidModel("no")
    with pytest.raises(InvalidModel):
        it.add("net")
    assert (it.said, it.catalogue.models(), it.server.kept[-1]) == ([], [], ("net", ()))
    assert not (it.root / "models" / "net").exists()


def test_rolling_back_serves_the_version_before_alone(it: Announcements) -> None:
    """Of the newest that serves, not of the newest that there is."""
    it.add("net")
    it.release("net")
    it.release("net")
    model, before = it.catalogue.rollback("net")
    assert (model.serving, before, it.said[-1]) == ((2,), (2, 3), RoleChanged("net", Role.COMPETITOR, (2,)))
    model, before = it.catalogue.rollback("net")
    assert (model.serving, before) == ((1,), (2,))
    with pytest.raises(NotReady, match="'net' serves its first version: there is none to go back to"):
        it.catalogue.rollback("net")


def test_who_rolls_back_after_somebody_else_is_told(it: Announcements) -> None:
    """Two people at two pages go back once; whoever names no version goes by whichever is the newest."""
    it.add("net")
    it.release("net")
    it.release("net")
    assert it.catalogue.rollback("net", 3)[0].serving == (2,)
    with pytest.raises(Stale, match="the newest version of 'net' that takes part is 2, not 3"):
        it.catalogue.rollback("net", 3)
    assert it.catalogue.model("net").serving == (2,)
    assert it.catalogue.rollback("net", 2)[0].serving == (1,)


def test_exact_versions_serve(it: Announcements) -> None:
    """Those that are there, each tried, in ascending order."""
    it.add("net")
    it.release("net")
    it.release("net")
    assert it.catalogue.serve("net", (3, 1))[0].serving == (1, 3)
    assert set(it.server.loaded) == {VersionRef("net", 1), VersionRef("net", 3)}
    for numbers, error in (((9,), NotFound), ((), InvalidModel)):
        with pytest.raises(error):
            it.catalogue.serve("net", numbers)
    it.server.faults[VersionRef("net", 2)] = InvalidModel("it has been moved")
    with pytest.raises(InvalidModel, match="it has been moved"):
        it.catalogue.rollback("net")
    assert it.catalogue.model("net").serving == (1, 3)


def test_models_without_versions_here_have_none_to_choose(it: Announcements) -> None:
    """Imported ones have one, retired ones serve none."""
    it.catalogue.register_imported("theirs", Role.COMPETITOR, [])
    it.add("net")
    it.catalogue.set_role("net", Role.RETIRED)
    for act in (it.catalogue.rollback, lambda name: it.catalogue.serve(name, (1,))):
        with pytest.raises(InvalidInput, match="'theirs' is predicted elsewhere"):
            act("theirs")
    with pytest.raises(NotReady, match="'net' is retired and serves nothing"):
        it.catalogue.serve("net", (1,))


def test_a_retired_model_is_freed_and_tried_before_it_comes_back(it: Announcements) -> None:
    """It may have been retired because it can't be loaded."""
    it.add("net")
    it.catalogue.set_role("net", Role.RETIRED)
    assert (it.server.kept[-1], it.server.loaded) == (("net", ()), {})
    it.server.faults[VersionRef("net", 1)] = InvalidModel("still not")
    with pytest.raises(InvalidModel, match="still not"):
        it.catalogue.set_role("net", Role.TARGET)
    assert it.catalogue.model("net").role is Role.RETIRED
    it.server.faults.clear()
    it.catalogue.set_role("net", Role.TARGET)
    assert set(it.server.loaded) == {VersionRef("net", 1)}


def test_what_a_stream_that_was_away_was_not_told_it_is_told_later(it: Announcements) -> None:
    """The repository is the truth; the caller learns that not all is done."""
    it.add("net")
    it.said.clear()
    it.away = True
    with pytest.raises(Unavailable, match="the stream is away"):
        it.release("net")
    with pytest.raises(Unavailable):
        it.catalogue.align()
    it.away = False
    assert not it.catalogue.align()
    assert it.said[-1] == RoleChanged("net", Role.COMPETITOR, (1, 2))
    it.said.clear()
    it.catalogue.align()
    assert it.said == []


def test_a_server_that_was_started_anew_is_aligned(it: Announcements) -> None:
    """What serves stays, what is retired goes."""
    it.add("net")
    it.add("old")
    it.catalogue.set_role("old", Role.RETIRED)
    it.server.kept.clear()
    it.catalogue.align()
    assert it.server.kept == [("net", (1,)), ("old", ())]
