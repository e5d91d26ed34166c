"""IntakeService over a real connection."""

from collections.abc import Iterator

import grpc
import pytest

from madseg.core.errors import Unavailable
from madseg.core.messages import VersionRef
from madseg.core.taxonomy import VOC
from madseg.gateway.accept import Intake
from madseg.gateway.forget import Forgetting, Receipt
from madseg.gateway.grpc_api import IntakeApi
from madseg.gateway.import_predictions import ImportPredictions
from madseg.rpc import Server, Service
from madseg.v1 import intake_pb2 as pb
from madseg.v1.intake_pb2_grpc import IntakeServiceStub, add_IntakeServiceServicer_to_server
from madseg.v1.types_pb2 import ModelVersion
from tests.gateway.conftest import POLICY, Parts
from tests.gateway.failing import Tapped
from tests.gateway.pictures import encoded, gradient, noise
from tests.gateway.test_import_predictions import IMAGE, wire


@pytest.fixture
def broken() -> list[str]:
    """While it holds a reason, nothing can be published."""
    return []


@pytest.fixture
def stub(parts: Parts, broken: list[str]) -> Iterator[IntakeServiceStub]:
    """A client of a gateway; the version fcn/1 is registered as imported."""

    def before() -> None:
        if broken:
            raise Unavailable(broken[0])

    stream = Tapped(parts.stream, before)
    known = {VersionRef("fcn", 1)}
    api = IntakeApi(
        Intake(stream, parts.database, parts.blobs, POLICY, parts.clock, "t"),
        ImportPredictions(stream, parts.database, POLICY, VOC, known.__contains__, parts.clock, "t"),
        Forgetting(stream, parts.database, parts.blobs, lambda *_: Receipt(("maps",)), parts.clock, "t"),
    )
    server = Server([Service("madseg.v1.IntakeService", api, add_IntakeServiceServicer_to_server)], "127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield IntakeServiceStub(channel)
    server.stop()


def upload(stub: IntakeServiceStub, content: bytes) -> pb.UploadImageResponse:
    """Uploads one picture."""
    return stub.UploadImage(pb.UploadImageRequest(image=pb.ImageUpload(content=content)))


def test_an_image_and_what_is_known_of_it(stub: IntakeServiceStub) -> None:
    """Everything comes back."""
    request = pb.ImageUpload(content=encoded(gradient(20, 40)), name="a.png", source="s", tags={"k": "v"})
    request.captured_at.FromJsonString("2024-05-01T12:00:00.000001Z")
    done = stub.UploadImage(pb.UploadImageRequest(image=request))
    found = stub.GetImage(pb.GetImageRequest(image_id=done.image_id))
    assert (found.name, found.source, dict(found.tags), found.grid_id) == ("a.png", "s", {"k": "v"}, "12x16/centre")
    assert found.captured_at.ToJsonString() == "2024-05-01T12:00:00.000001Z"
    assert (
        (found.original_size.height, found.original_size.width),
        (found.crop.left, found.crop.top, found.crop.width, found.crop.height),
    ) == ((20, 40), (7, 0, 26, 20))
    original = stub.GetPicture(pb.GetPictureRequest(image_id=done.image_id, kind=pb.PICTURE_KIND_ORIGINAL))
    assert (request.content, "image/png") == (original.content, original.media_type)
    assert stub.GetPicture(pb.GetPictureRequest(image_id=done.image_id)).content.startswith(b"\x89PNG")
    assert upload(stub, request.content).duplicate


def test_a_stream_goes_on_after_a_refusal(stub: IntakeServiceStub) -> None:
    """One answer for each, in order; an item without a name is counted."""
    contents = [noise(1), b"?", noise(2), noise(3)[:-50], noise(1)]
    requests = [pb.UploadImagesRequest(image=pb.ImageUpload(content=content)) for content in contents]
    requests[3].image.name = "half.png"
    answers = list(stub.UploadImages(iter(requests)))
    assert [item.WhichOneof("outcome") for item in answers] == [
        "accepted",
        "refused",
        "accepted",
        "refused",
        "accepted",
    ]
    assert (answers[1].refused.name, answers[3].refused.name) == ("item 2", "half.png")
    assert "truncated" in answers[3].refused.reason
    assert (answers[0].accepted.duplicate, answers[4].accepted.duplicate) == (False, True)
    status = stub.GetIntakeStatus(pb.GetIntakeStatusRequest())
    assert (status.accepted, status.duplicates, status.refused, status.forgotten) == (2, 1, 2, 0)


def test_answers_come_while_the_stream_is_open(stub: IntakeServiceStub) -> None:
    """A sender that waits for each answer gets it."""
    sent: list[int] = []

    def requests() -> Iterator[pb.UploadImagesRequest]:
        for n in range(5):
            sent.append(n)
            yield pb.UploadImagesRequest(image=pb.ImageUpload(content=noise(n)))

    for _, number in zip(stub.UploadImages(requests()), range(5), strict=False):
        assert number in sent


def test_a_missing_part_ends_the_stream(stub: IntakeServiceStub, broken: list[str]) -> None:
    """It is not the item's fault: the sender hears UNAVAILABLE and sends again what was not answered."""
    broken.append("the disk is full")
    with pytest.raises(grpc.RpcError) as caught:
        list(stub.UploadImages(iter([pb.UploadImagesRequest(image=pb.ImageUpload(content=noise(1)))])))
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.UNAVAILABLE, "the disk is full")
    broken.clear()
    assert not upload(stub, noise(1)).duplicate


def test_a_wrong_upload_is_an_invalid_argument(stub: IntakeServiceStub) -> None:
    """As is a time that is none; it is told so once, with its name."""
    with pytest.raises(grpc.RpcError) as caught:
        upload(stub, b"?")
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    request = pb.ImageUpload(content=noise(1))
    request.captured_at.seconds = 1 << 60
    with pytest.raises(grpc.RpcError, match="INVALID_ARGUMENT") as caught:
        stub.UploadImage(pb.UploadImageRequest(image=request))
    told = caught.value.details() or ""
    assert told.startswith("captured_at is no time of the years 1 to 9999: ")
    assert told.count("no time of the years") == 1


def test_pages(stub: IntakeServiceStub) -> None:
    """Page by page to the end, in order."""
    ids = [upload(stub, noise(n)).image_id for n in range(5)]
    found: list[str] = []
    token = ""
    while True:
        page = stub.ListImages(pb.ListImagesRequest(page_size=2, page_token=token))
        found += page.image_ids
        token = page.next_page_token
        if not token:
            break
    assert ids == found
    for wrong, told in (
        (pb.ListImagesRequest(page_size=1001), "page_size must be 1..1000, got 1001"),
        (pb.ListImagesRequest(page_token="x"), "page_token 'x' is none that was handed out"),
    ):
        with pytest.raises(grpc.RpcError, match="INVALID_ARGUMENT") as caught:
            stub.ListImages(wrong)
        assert told == caught.value.details()


def test_requeue(stub: IntakeServiceStub, parts: Parts) -> None:
    """Published again, and what is unknown is named."""
    image = upload(stub, noise(1)).image_id
    done = stub.RequeueImages(pb.RequeueImagesRequest(image_ids=[image, IMAGE]))
    assert (done.requeued, list(done.unknown)) == (1, [IMAGE])
    assert len(parts.records("t.images")) == 2


def test_forget(stub: IntakeServiceStub) -> None:
    """With a receipt; then the image is not found and can't come back."""
    image = upload(stub, noise(1)).image_id
    receipt = stub.ForgetImage(pb.ForgetImageRequest(image_id=image, reason="privacy"))
    assert "maps" in receipt.gone
    assert receipt.later
    assert receipt.stays
    with pytest.raises(grpc.RpcError, match="NOT_FOUND"):
        stub.GetImage(pb.GetImageRequest(image_id=image))
    with pytest.raises(grpc.RpcError, match="was forgotten"):
        upload(stub, noise(1))


def test_imports(stub: IntakeServiceStub, parts: Parts) -> None:
    """A wrong map, an unknown version and no version at all are refusals with the item's name."""
    requests = [
        pb.ImportPredictionsRequest(
            image_id=IMAGE,
            name=name,
            maps=[pb.ImportedMap(version=ModelVersion(model=model, version=version), label_map=data)],
        )
        for name, model, version, data in (
            ("good", "fcn", 1, wire()),
            ("label", "fcn", 1, wire(99)),
            ("unknown", "x", 1, wire()),
            ("none", "fcn", 0, wire()),
            ("again", "fcn", 1, wire()),
        )
    ]
    answers = list(stub.ImportPredictions(iter(requests)))
    assert [item.image_id for item in answers] == [IMAGE, "", "", "", IMAGE]
    assert [item.refused.name for item in answers if item.HasField("refused")] == ["label", "unknown", "none"]
    assert len(parts.records("t.predictions")) == 2
