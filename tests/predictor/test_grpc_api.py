"""Networks over gRPC: a header, then the file in chunks; whatever else comes is refused and leaves nothing."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest

from madseg.core.preprocess import Size
from madseg.predictor.catalogue import Catalogue
from madseg.predictor.grpc_api import ModelsApi
from madseg.rpc import Server, Service
from madseg.v1 import models_pb2 as pb
from madseg.v1 import types_pb2
from madseg.v1.models_pb2_grpc import ModelsServiceStub, add_ModelsServiceServicer_to_server
from tests.predictor.networks import COLOURS, GRID, network
from tests.predictor.test_catalogue import card


class Serving:
    """A server of the Models service over an empty repository."""

    def __init__(self, root: Path, patience: float) -> None:
        self.announced: list[object] = []
        self.catalogue = Catalogue(root, COLOURS, Size(*GRID), self.announced.extend, lambda: datetime.now(UTC))
        service = Service(
            "madseg.v1.ModelsService", ModelsApi(self.catalogue, patience), add_ModelsServiceServicer_to_server
        )
        self.server = Server([service], "127.0.0.1:0")
        self.server.start()
        self.channel = grpc.insecure_channel(self.server.reachable)
        self.stub = ModelsServiceStub(self.channel)

    def add(self, *parts: pb.AddModelRequest) -> pb.AddModelResponse:
        """Sends the parts of an upload."""
        return self.stub.AddModel(iter(parts), timeout=60)

    def refusal(self, *parts: pb.AddModelRequest, then: float = 0) -> tuple[grpc.StatusCode, str]:
        """How an upload is refused that stops for some seconds at its end; nothing may be left of it."""
        over = threading.Event()

        def sent() -> Iterator[pb.AddModelRequest]:
            yield from parts
            over.wait(then)

        with pytest.raises(grpc.RpcError) as raised:
            self.stub.AddModel(sent(), timeout=60)
        over.set()
        assert isinstance(raised.value, grpc.Call)
        assert self.announced == []
        assert self.catalogue.models() == []
        return raised.value.code(), raised.value.details() or ""


@contextmanager
def serving(root: Path, patience: float = 30.0) -> Iterator[Serving]:
    """Running."""
    made = Serving(root, patience)
    yield made
    made.channel.close()
    made.server.stop()


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Serving]:
    """Running, and as patient as by default."""
    with serving(tmp_path / "models") as made:
        yield made


def header(text: str = card("net", "target"), file_name: str = "net.onnx") -> pb.AddModelRequest:
    """The first message."""
    return pb.AddModelRequest(header=pb.ModelUpload(card=text, file_name=file_name))


def chunks(content: bytes, size: int = 500) -> list[pb.AddModelRequest]:
    """The messages after it."""
    return [pb.AddModelRequest(chunk=content[start : start + size]) for start in range(0, len(content), size)]


FILE = network().SerializeToString()


def test_a_network_in_chunks_becomes_a_model(it: Serving) -> None:
    """Listed with its version, with findings for people, and announced."""
    answer = it.add(header(), *chunks(FILE))
    assert (
        answer.model.name,
        answer.model.role,
        list(answer.model.serving),
    ) == ("net", types_pb2.MODEL_ROLE_TARGET, [1])
    assert "of the labels equal those of the unwrapped network" in answer.findings[0]
    (listed,) = it.stub.ListModels(pb.ListModelsRequest(), timeout=10).models
    assert answer.model == listed
    assert listed.versions[0].bytes == it.catalogue.path("net", 1).stat().st_size
    assert "classes:" in it.stub.GetModel(pb.GetModelRequest(name="net"), timeout=10).card
    assert len(it.announced) == 2


def test_the_file_s_name_serves_where_the_card_has_none(it: Serving) -> None:
    """Without its ending."""
    answer = it.add(header("classes: [dark, red, green, blue]", "street.onnx"), *chunks(FILE))
    assert answer.model.name == "street"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([], "the first message must be the header"),
        (chunks(FILE), "the first message must be the header"),
        ([pb.AddModelRequest()], "the first message must be the header"),
        ([header()], "no chunk of the network came after the header"),
        ([header(), pb.AddModelRequest(chunk=b"")], "no chunk of the network came after the header"),
        ([header(), *chunks(b"Roses are red")], ""),
        ([header(), *chunks(FILE[:-200])], ""),
        ([header("classes: ["), *chunks(FILE)], "the card is no YAML"),
        ([header("description: 2024-02-30"), *chunks(FILE)], "the card is no YAML"),
        ([header("[" * 5000), *chunks(FILE)], "the card is no YAML"),
        ([header("classes: [a, b]"), *chunks(FILE)], "class 'a' has no place in taxonomy"),
        ([header(file_name="../../Bad Name.onnx", text="classes: [dark]"), *chunks(FILE)], "model name 'Bad Name'"),
    ],
    ids=[
        *("nothing", "no header", "an empty message", "no chunk", "an empty chunk", "no network", "half a network"),
        *("no card", "a card of no day", "a deep card", "foreign classes", "a bad name"),
    ],
)
def test_an_upload_that_is_none_is_refused_and_leaves_nothing(
    it: Serving, parts: list[pb.AddModelRequest], said: str
) -> None:
    """INVALID_ARGUMENT with the reason."""
    code, told = it.refusal(*parts)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert told
    assert said in told


def test_an_upload_that_stops_is_given_up(tmp_path: Path) -> None:
    """With a sentence, and nothing is left of it."""
    with serving(tmp_path / "models", patience=0.2) as it:
        code, told = it.refusal(header(), chunks(FILE)[0], then=60)
        assert code is grpc.StatusCode.ABORTED
        assert told == "no piece of the upload came for 0.2 seconds: send it again from the start"
        assert it.refusal(then=60)[0] is grpc.StatusCode.ABORTED
        assert it.add(header(), *chunks(FILE)).model.name == "net"


def test_uploads_that_stop_keep_no_thread_from_others(it: Serving) -> None:
    """However many there are."""
    stopped = threading.Event()

    def halting() -> Iterator[pb.AddModelRequest]:
        yield header()
        stopped.wait(60)

    under_way = [it.stub.AddModel.future(halting(), timeout=60) for _ in range(20)]
    time.sleep(0.5)
    assert list(it.stub.ListModels(pb.ListModelsRequest(), timeout=20).models) == []
    for call in under_way:
        call.cancel()
    stopped.set()


def test_a_name_that_is_taken_is_refused(it: Serving) -> None:
    """ALREADY_EXISTS; a release adds to it, and one of an unknown model is NOT_FOUND."""
    it.add(header(), *chunks(FILE))
    with pytest.raises(grpc.RpcError) as raised:
        it.add(header(), *chunks(FILE))
    assert isinstance(raised.value, grpc.Call)
    assert raised.value.code() is grpc.StatusCode.ALREADY_EXISTS
    released = it.stub.ReleaseVersion(release("net"), timeout=60)
    assert [version.version for version in released.model.versions] == [1, 2]
    with pytest.raises(grpc.RpcError) as raised:
        it.stub.ReleaseVersion(release("nobody"), timeout=60)
    assert isinstance(raised.value, grpc.Call)
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


def release(name: str, key: str = "", content: bytes = FILE, parent: int = 0) -> Iterator[pb.ReleaseVersionRequest]:
    """The messages of a release."""
    yield pb.ReleaseVersionRequest(header=pb.ModelUpload(model=name, idempotency_key=key, parent=parent))
    yield pb.ReleaseVersionRequest(chunk=content)


def test_a_key_releases_one_version(it: Serving) -> None:
    """However often it comes and whatever was released since; another network under it is refused."""
    it.add(header(), *chunks(FILE))
    first = it.stub.ReleaseVersion(release("net", "k", parent=1), timeout=60)
    for expected in (3, 4):
        assert it.stub.ReleaseVersion(release("net"), timeout=60).version == expected
    again = it.stub.ReleaseVersion(release("net", "k", parent=1), timeout=60)
    assert (first.version, again.version, list(again.model.serving)) == (2, 2, [3, 4])
    assert again.findings[-1] == "version 2 was released before and doesn't serve now"
    with pytest.raises(grpc.RpcError, match="another network was released as version 2"):
        it.stub.ReleaseVersion(release("net", "k", network(stride=2).SerializeToString()), timeout=60)
    with pytest.raises(grpc.RpcError, match="version 2 was released from version 1 with the idempotency key 'k', not"):
        it.stub.ReleaseVersion(release("net", "k", parent=3), timeout=60)
    assert it.stub.ReleaseVersion(release("net", "k"), timeout=60).version == 2
    with pytest.raises(grpc.RpcError, match="idempotency_key must have at most 200 characters"):
        it.stub.ReleaseVersion(release("net", "k" * 201), timeout=60)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("imported.json", b'{"theirs": '),
        ("imported.json", b"[]"),
        ("imported.json", b'{"a": {"name": "a", "role": "king", "covers": [], "taxonomy": "", "grid": [1, 1]}}'),
        ("net/model.yaml", b"role: ["),
        ("net/model.yaml", b"created: 2024-02-30"),
        ("net/model.yaml", b"\xff"),
        ("net/model.yaml", b"role: target"),
        ("net/model.yaml", b""),
    ],
)
def test_a_damaged_repository_is_not_the_caller_s_fault(it: Serving, tmp_path: Path, file: str, content: bytes) -> None:
    """FAILED_PRECONDITION with the file's name, to every call that reads it."""
    path = tmp_path / "models" / file
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    for call in (
        lambda: it.stub.ListModels(pb.ListModelsRequest(), timeout=10),
        lambda: it.stub.GetModel(pb.GetModelRequest(name="net"), timeout=10),
    ):
        with pytest.raises(grpc.RpcError) as raised:
            call()
        assert isinstance(raised.value, grpc.Call)
        assert raised.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert f"{path} is damaged, bring it back from a backup" in (raised.value.details() or "")


def test_a_version_whose_file_is_gone_is_told(it: Serving) -> None:
    """By its path, FAILED_PRECONDITION."""
    it.add(header(), *chunks(FILE))
    path = it.catalogue.path("net", 1)
    path.unlink()
    with pytest.raises(grpc.RpcError, match=f"{path} is missing") as raised:
        it.stub.ListModels(pb.ListModelsRequest(), timeout=10)
    assert isinstance(raised.value, grpc.Call)
    assert raised.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_an_imported_model_is_shown_without_a_file(it: Serving) -> None:
    """With one version and its classes."""
    request = pb.RegisterImportedModelRequest(name="theirs", role=types_pb2.MODEL_ROLE_COMPETITOR, covers=["red"])
    model = it.stub.RegisterImportedModel(request, timeout=10).model
    assert model.imported
    assert [(version.version, list(version.covers)) for version in model.versions] == [(1, ["red"])]


def test_versions_are_chosen_and_rolled_back(it: Serving) -> None:
    """With those that took part before."""
    it.add(header(), *chunks(FILE))
    answer = it.stub.ReleaseVersion(release("net"), timeout=60)
    assert answer.findings[-1] == "version 2 serves now, beside version 1"
    served = it.stub.ServeVersions(pb.ServeVersionsRequest(name="net", versions=[2]), timeout=10)
    assert (list(served.model.serving), list(served.before)) == ([2], [1, 2])
    rolled = it.stub.RollbackVersion(pb.RollbackVersionRequest(name="net", expected_newest=2), timeout=10)
    assert (list(rolled.model.serving), list(rolled.before)) == ([1], [2])
    for expected, code in ((2, grpc.StatusCode.ABORTED), (0, grpc.StatusCode.FAILED_PRECONDITION)):
        with pytest.raises(grpc.RpcError) as raised:
            it.stub.RollbackVersion(pb.RollbackVersionRequest(name="net", expected_newest=expected), timeout=10)
        assert isinstance(raised.value, grpc.Call)
        assert raised.value.code() is code
