"""The model repository: Triton's layout, what a kill leaves behind, and one writer at a time."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import onnx
import pytest

from madseg.core.errors import AlreadyExists, InvalidModel, NotFound
from madseg.core.messages import VersionRef
from madseg.files import locked
from madseg.predictor.add import add_model, release_model
from madseg.predictor.record import dump_record, parse_record
from madseg.predictor.repository import ModelRepository
from madseg.predictor.wrap import wrap
from tests.predictor.networks import COLOURS, GRID, card, network, noise

NOW = "2026-01-02T03:04:05+00:00"


def served(name: str = "net", role: str = "competitor", **changes: object) -> bytes:
    """A served file."""
    return wrap(network(**changes), card(name=name, role=role), COLOURS, GRID).SerializeToString()  # type: ignore[arg-type]


@pytest.fixture
def repository(tmp_path: Path) -> ModelRepository:
    """An empty repository."""
    return ModelRepository(tmp_path / "models")


def files(repository: ModelRepository) -> list[str]:
    """Every file's path below the root, without the lock."""
    paths = (path.relative_to(repository.root) for path in repository.root.rglob("*") if path.is_file())
    return sorted(str(path) for path in paths if path.name != ".lock")


def test_a_new_model_has_triton_s_layout(repository: ModelRepository) -> None:
    """Configuration, class names, card and version 1."""
    content = served()

    assert repository.add(content, created=NOW) == 1
    assert files(repository) == ["net/1/model.onnx", "net/config.pbtxt", "net/labels.txt", "net/model.yaml"]
    assert repository.path("net", 1).read_bytes() == content
    assert (repository.root / "net/labels.txt").read_text() == "dark\nred\ngreen\nblue\n"


def test_the_record_has_the_version_s_facts(repository: ModelRepository) -> None:
    """As the file says them, and as they were passed in."""
    repository.add(served(batch="N"), created=NOW, check={"agreement": 1.0})

    record = repository.record("net")

    assert (record.role, record.serving, record.card.name) == ("competitor", (1,), "net")
    assert record.newest.created == NOW
    assert (record.newest.covers, record.newest.has_entropy, record.newest.batch) == (COLOURS.names, True, "dynamic")
    assert (record.newest.grid, record.newest.taxonomy, record.newest.parent) == (GRID, COLOURS.id, None)
    assert record.newest.check == {"agreement": 1.0}
    assert parse_record(dump_record(record), "model.yaml") == record


def test_a_release_is_served_beside_the_version_before(repository: ModelRepository) -> None:
    """The parent is the newest before it."""
    repository.add(served(), created=NOW)

    assert repository.release("net", served(stride=2), created=NOW) == 2

    assert repository.record("net").serving == (1, 2)
    assert [version.parent for version in repository.versions("net")] == [None, 1]
    assert "versions: [ 1, 2 ]" in (repository.root / "net/config.pbtxt").read_text()


def test_two_versions_serve_at_most_after_a_release(repository: ModelRepository) -> None:
    """The new one and the newest of those that served, whichever that was."""
    repository.add(served(), created=NOW)
    for number in (2, 3):
        assert repository.release("net", served(stride=2), created=NOW) == number
    assert repository.record("net").serving == (2, 3)
    repository.serve("net", 1)
    repository.release("net", served(), created=NOW)
    assert repository.record("net").serving == (1, 4)
    assert "versions: [ 1, 4 ]" in (repository.root / "net/config.pbtxt").read_text()


def test_serve_switches_versions(repository: ModelRepository) -> None:
    """Forward, and back again."""
    repository.add(served(), created=NOW)
    repository.release("net", served(stride=2), created=NOW)

    repository.serve("net", 2)
    assert "versions: [ 2 ]" in (repository.root / "net/config.pbtxt").read_text()

    repository.serve("net", 1)
    assert repository.record("net").serving == (1,)


class Tried:
    """A trial that notes what a server finds, and refuses versions."""

    def __init__(self, root: Path, *refused: VersionRef) -> None:
        self._root, self._refused = root, refused
        self.seen: list[tuple[VersionRef, str, bool]] = []
        """Per trial: which version, the versions in config.pbtxt, and whether model.yaml names it."""

    def __call__(self, ref: VersionRef, path: Path) -> None:
        config = (self._root / ref.model / "config.pbtxt").read_text()
        record = self._root / ref.model / "model.yaml"
        named = record.exists() and any(
            item.number == ref.version for item in ModelRepository(self._root).versions(ref.model)
        )
        self.seen.append((ref, config.partition("versions: [ ")[2].partition(" ]")[0], named))
        assert path.read_bytes()
        if ref in self._refused:
            raise InvalidModel(f"{ref} can't be loaded")


def test_versions_are_tried_before_they_exist(repository: ModelRepository) -> None:
    """The server finds the new one beside those that serve; nobody else sees it."""
    tried = Tried(repository.root)
    repository.add(served(), created=NOW, trial=tried)
    repository.release("net", served(stride=2), created=NOW, trial=tried)
    repository.release("net", served(stride=2), created=NOW, trial=tried)
    repository.serve("net", 1, trial=tried)
    assert tried.seen == [
        (VersionRef("net", 1), "1", False),
        (VersionRef("net", 2), "1, 2", False),
        (VersionRef("net", 3), "1, 2, 3", False),
        (VersionRef("net", 1), "1, 2, 3", True),
    ]


def test_a_version_that_fails_its_trial_is_taken_back(repository: ModelRepository) -> None:
    """Every file is as before, and the number is free again."""
    tried = Tried(repository.root, VersionRef("net", 1), VersionRef("other", 2))
    with pytest.raises(InvalidModel, match="net/1 can't be loaded"):
        repository.add(served(), created=NOW, trial=tried)
    assert (files(repository), repository.names()) == ([], ())
    repository.add(served("other"), created=NOW, trial=tried)
    before = contents(repository)
    with pytest.raises(InvalidModel, match="other/2 can't be loaded"):
        repository.release("other", served(stride=2), created=NOW, trial=tried)
    assert contents(repository) == before
    assert repository.release("other", served(stride=2), created=NOW) == 2
    before = contents(repository)
    with pytest.raises(InvalidModel, match="other/2 can't be loaded"):
        repository.serve("other", 2, trial=tried)
    assert contents(repository) == before


def contents(repository: ModelRepository) -> dict[str, bytes]:
    """Every file, without the lock."""
    return {name: (repository.root / name).read_bytes() for name in files(repository)}


def test_a_release_keeps_the_model_s_name_and_role(repository: ModelRepository) -> None:
    """Whatever the file's own card says."""
    repository.add(served(role="target"), created=NOW)

    repository.release("net", served(name="other"), created=NOW)

    assert (repository.card("net").name, repository.record("net").role) == ("net", "target")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"baked_batch": 1}, r"has batch dynamic, the new version 1: add it as a model with a name of its own"),
        ({"answer": "labels"}, r"has entropy True, the new version False"),
    ],
)
def test_a_release_with_another_interface_is_refused(
    repository: ModelRepository, changes: dict[str, object], message: str
) -> None:
    """One config.pbtxt serves all versions."""
    repository.add(served(), created=NOW)
    kind = {"output": {"kind": "labels"}} if "answer" in changes else {}
    content = wrap(network(**changes), card(name="net", **kind), COLOURS, GRID)  # type: ignore[arg-type]

    with pytest.raises(InvalidModel, match=message):
        repository.release("net", content.SerializeToString(), created=NOW)


def test_a_release_on_another_grid_is_refused(repository: ModelRepository) -> None:
    """Contests compare maps of one size."""
    repository.add(served(), created=NOW)
    content = wrap(network(), card(name="net"), COLOURS, (48, 64)).SerializeToString()

    with pytest.raises(InvalidModel, match=r"has grid \(24, 32\), the new version \(48, 64\)"):
        repository.release("net", content, created=NOW)


def test_roles_change_and_one_model_is_the_target(repository: ModelRepository) -> None:
    """A second target is refused until the first steps down."""
    repository.add(served("first", "target"), created=NOW)
    repository.add(served("second"), created=NOW)

    with pytest.raises(AlreadyExists, match=r"'first' is the target already"):
        repository.set_role("second", "target")
    repository.set_role("first", "competitor")
    repository.set_role("second", "target")

    assert [repository.record(name).role for name in repository.names()] == ["competitor", "target"]


def test_a_second_target_is_not_added(repository: ModelRepository) -> None:
    """Nothing is written."""
    repository.add(served("first", "target"), created=NOW)

    with pytest.raises(AlreadyExists, match=r"'first' is the target already"):
        repository.add(served("second", "target"), created=NOW)

    assert repository.names() == ("first",)


def test_what_is_not_there_is_told(repository: ModelRepository) -> None:
    """Models, versions, roles."""
    repository.add(served(), created=NOW)

    with pytest.raises(NotFound, match=r"no model 'other' in .*: net"):
        repository.card("other")
    with pytest.raises(NotFound, match=r"model 'net' has no version 7: 1"):
        repository.path("net", 7)
    with pytest.raises(InvalidModel, match=r"role must be target or competitor or retired, got 'king'"):
        repository.set_role("net", "king")
    with pytest.raises(InvalidModel, match=r"must serve at least one version"):
        repository.serve("net")


def test_a_name_is_taken_once(repository: ModelRepository) -> None:
    """The message says what to do instead."""
    repository.add(served(), created=NOW)

    with pytest.raises(AlreadyExists, match=r"model 'net' exists: release a new version of it"):
        repository.add(served(), created=NOW)


@pytest.mark.parametrize("name", ["..", "../net", "a/b", "/etc", ".hidden", "Net", "", "a" * 64, "net\n"])
def test_names_can_t_leave_the_folder(repository: ModelRepository, name: str) -> None:
    """Names are checked before they become paths."""
    repository.add(served(), created=NOW)

    for act in (repository.card, repository.versions, lambda given: repository.path(given, 1)):
        with pytest.raises(InvalidModel, match=r"model name .* must be 1\.\.63 of"):
            act(name)


def test_an_unwrapped_network_is_not_taken(repository: ModelRepository) -> None:
    """Only the served form is."""
    with pytest.raises(InvalidModel, match=r"is not in the served form"):
        repository.add(network().SerializeToString(), created=NOW)

    assert repository.names() == ()


def test_what_a_kill_left_is_not_seen_and_then_deleted(repository: ModelRepository) -> None:
    """Half a model, half a version, a version that model.yaml doesn't name, a half-written file, an old config."""
    repository.add(served(), created=NOW)
    folder = repository.root / "net"
    for left in (repository.root / ".staging.tmp/1", repository.root / "half/1", folder / "2.tmp", folder / "2"):
        left.mkdir(parents=True)
        (left / "model.onnx").write_bytes(b"half")
    (folder / "model.yaml.tmp").write_text("role: tar")
    (folder / ".config.pbtxt.part").write_text("na")
    tried = repository.root / "tried"
    (tried / "1").mkdir(parents=True)
    (tried / "model.yaml.tmp").touch()
    (folder / "config.pbtxt").write_text("old")

    assert repository.names() == ("net",)
    assert [version.number for version in repository.versions("net")] == [1]

    assert repository.release("net", served(stride=2), created=NOW) == 2
    assert sorted(path.name for path in folder.iterdir()) == ["1", "2", "config.pbtxt", "labels.txt", "model.yaml"]
    assert repository.path("net", 2).read_bytes() != b"half"
    assert repository.add(served("half"), created=NOW) == 1
    assert not (repository.root / ".staging.tmp").exists()
    assert not tried.exists()


def test_what_a_kill_left_is_put_right_at_the_next_start_too(repository: ModelRepository) -> None:
    """Before a server is told to read it; an empty repository isn't even made."""
    repository.recover()
    assert not repository.root.exists()
    repository.add(served(), created=NOW)
    before = contents(repository)
    (repository.root / "net/2").mkdir()
    (repository.root / "net/config.pbtxt").write_text("old")
    repository.recover()
    assert contents(repository) == before


WRITER = """
import sys
from pathlib import Path
from madseg.predictor.repository import ModelRepository
repository = ModelRepository(Path(sys.argv[1]))
content = Path(sys.argv[2]).read_bytes()
print("ready", flush=True)
while True:
    repository.release("net", content, created="2026-01-02T03:04:05+00:00")
"""


def test_a_killed_writer_leaves_a_whole_repository(repository: ModelRepository, tmp_path: Path) -> None:
    """kill -9 amid releases: every version that is named is whole, and the next writer goes on."""
    content = served()
    (tmp_path / "net.onnx").write_bytes(content)
    repository.add(content, created=NOW)
    for delay in (0.05, 0.11, 0.23):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", WRITER, str(repository.root), str(tmp_path / "net.onnx")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            threading.Event().wait(delay)
            writer.send_signal(signal.SIGKILL)
        for version in repository.versions("net"):
            assert repository.path("net", version.number).read_bytes() == content
    before = len(repository.versions("net"))

    assert repository.release("net", content, created=NOW) == before + 1
    assert before > 1


def test_a_second_writer_waits_for_the_first(repository: ModelRepository) -> None:
    """The lock is held: nothing is written until it is free."""
    content = served()
    repository.root.mkdir()
    writer = threading.Thread(target=repository.add, args=(content,), kwargs={"created": NOW})

    with locked(repository.root / ".lock"):
        writer.start()
        writer.join(0.2)
        assert repository.names() == ()
    writer.join(10)

    assert repository.names() == ("net",)


def test_add_model_reads_wraps_checks_and_writes(repository: ModelRepository, tmp_path: Path) -> None:
    """One call from a stranger's file to a served model, its figures in the record."""
    onnx.save(network(), tmp_path / "net.onnx")

    added = add_model(
        tmp_path / "net.onnx", card(), repository, COLOURS, GRID, datetime(2026, 1, 2, tzinfo=UTC), [noise(1), noise(2)]
    )

    version = repository.version("colours", 1)
    assert (added.name, added.version, added.report.agreement) == ("colours", 1, 1.0)
    assert (version.created, version.check) == ("2026-01-02T00:00:00+00:00", added.report.figures())


def test_add_model_checks_on_the_shipped_pictures_by_default(repository: ModelRepository, tmp_path: Path) -> None:
    """Four of them, on which the red car and the blue water are seen."""
    onnx.save(network(), tmp_path / "net.onnx")

    added = add_model(tmp_path / "net.onnx", card(), repository, COLOURS, GRID, datetime(2026, 1, 2, tzinfo=UTC))

    assert (added.report.images, added.report.classes) == (4, ("dark", "red", "blue"))


def test_add_model_writes_nothing_of_what_it_refuses(repository: ModelRepository, tmp_path: Path) -> None:
    """The folder isn't even made."""
    onnx.save(network(), tmp_path / "net.onnx")

    with pytest.raises(InvalidModel, match=r"the card lists 1"):
        add_model(
            tmp_path / "net.onnx", card(classes=["red"]), repository, COLOURS, GRID, datetime(2026, 1, 2, tzinfo=UTC)
        )

    assert not repository.root.exists()


def test_release_model_uses_the_stored_card(repository: ModelRepository, tmp_path: Path) -> None:
    """A fine-tuned network needs no card of its own."""
    onnx.save(network(), tmp_path / "net.onnx")
    onnx.save(network(stride=2), tmp_path / "tuned.onnx")
    now = datetime(2026, 1, 2, tzinfo=UTC)
    add_model(tmp_path / "net.onnx", card(role="target"), repository, COLOURS, GRID, now, [noise(1)])

    added = release_model(tmp_path / "tuned.onnx", "colours", repository, COLOURS, GRID, now, [noise(1)])

    assert (added.version, repository.version("colours", 2).parent) == (2, 1)
