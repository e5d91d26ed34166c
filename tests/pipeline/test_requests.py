"""Requests that nobody should send are refused by name; none of them is the server's fault."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from madseg.client import Client, DeadlineExceeded
from madseg.v1 import intake_pb2, models_pb2, selector_pb2
from tests.pipeline.conftest import environment
from tests.pipeline.driving import accept, settled
from tests.pipeline.expected import Asked
from tests.pipeline.hostile import Hostile
from tests.pipeline.running import Up
from tests.pipeline.world import TARGET, picture

CALLS = 3000 if os.environ.get("MADSEG_SOAK") else 300

SERVICES = {
    "intake": intake_pb2.DESCRIPTOR.services_by_name["IntakeService"],
    "models": models_pb2.DESCRIPTOR.services_by_name["ModelsService"],
    "selector": selector_pb2.DESCRIPTOR.services_by_name["SelectorService"],
}
METHODS = {
    f"{name}.{method.name}": (name, method)
    for name, service in SERVICES.items()
    for method in service.methods
    if not method.client_streaming and not method.server_streaming
}
REFUSALS = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.ABORTED,
}


@pytest.fixture(scope="module")
def asked_up(made: Path, asked: Asked, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Up, list[str]]]:
    """A process that has some images, for all requests of this module."""
    folder = tmp_path_factory.mktemp("requests")
    shutil.copytree(made / "models", folder / "models")
    with Up(folder / "state", environment(made, folder)) as up:
        client = up.start()
        images = accept(client, asked, [picture(seed) for seed in range(30)])
        settled(client, images)
        client.cut_candidates(per_ranking=3)
        yield up, [image.image_id for image in images]


def call(client: Client, name: str, method: MethodDescriptor, hostile: Hostile) -> grpc.StatusCode:
    """One random request; its status."""
    channel = getattr(client, f"_{name}").channel()
    request = hostile.message(message_factory.GetMessageClass(method.input_type)())
    invoke = channel.unary_unary(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
    )
    try:
        invoke(request, timeout=20)
        return grpc.StatusCode.OK
    except grpc.RpcError as error:
        failed = error
    assert isinstance(failed, grpc.Call)
    assert failed.code() in REFUSALS, f"{failed.code()} {failed.details()} for {request}"
    _check_details(failed)
    return failed.code()


def _check_details(error: grpc.Call) -> None:
    """Whatever is refused says what for."""
    packed = dict(error.trailing_metadata() or ())["grpc-status-details-bin"]
    assert isinstance(packed, bytes)
    status = status_pb2.Status.FromString(packed)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "madseg"
    assert error.details()


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(METHODS))
def test_no_request_is_the_servers_fault(asked_up: tuple[Up, list[str]], name: str) -> None:
    """Random fields in every unary call: an answer or a refusal with a reason, never INTERNAL or UNKNOWN."""
    up, known = asked_up
    service, method = METHODS[name]
    hostile = Hostile(len(name), known)
    calls = CALLS if method.input_type.fields else 5
    codes = Counter(call(up.client, service, method, hostile).name for _ in range(calls))
    print(name, dict(codes))
    assert up.running


RED = selector_pb2.RankingKey(class_name="red")


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (selector_pb2.ListRankingEntriesRequest(page_size=1001, key=RED), "page_size"),
        (selector_pb2.ListRankingEntriesRequest(), "key.class_name"),
        (selector_pb2.ListRankingEntriesRequest(page_token="?", key=RED), "page_token"),
        (selector_pb2.ListMissingRequest(page_token="W10="), "page_token"),
        (selector_pb2.ListCandidatesRequest(page_size=5000), "page_size"),
        (selector_pb2.CutCandidatesRequest(per_ranking=10_001), "per_ranking"),
        (selector_pb2.CutCandidatesRequest(idempotency_key="k" * 201), "idempotency_key"),
        (selector_pb2.ExcludeImagesRequest(image_ids=["0" * 32]), "reason"),
        (selector_pb2.ExcludeImagesRequest(image_ids=["zero"], reason="veto"), "image_id"),
        (selector_pb2.ExplainImageRequest(image_id="x"), "image_id"),
        (selector_pb2.ListRankingsRequest(defender=9), "defender"),  # type: ignore[arg-type]
    ],
)
def test_a_field_at_fault_is_named(asked_up: tuple[Up, list[str]], request_: Message, field: str) -> None:
    """INVALID_ARGUMENT with the field's name in a BadRequest."""
    up, _ = asked_up
    name = type(request_).__name__.removesuffix("Request")
    method = SERVICES["selector"].methods_by_name[name]
    invoke: grpc.UnaryUnaryMultiCallable[Message, bytes] = up.client._selector.channel().unary_unary(
        f"/{method.containing_service.full_name}/{name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=lambda data: data,
    )
    with pytest.raises(grpc.RpcError) as raised:
        invoke(request_, timeout=20)
    error = raised.value
    assert isinstance(error, grpc.Call)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    packed = dict(error.trailing_metadata() or ())["grpc-status-details-bin"]
    assert isinstance(packed, bytes)
    bad = error_details_pb2.BadRequest()
    assert status_pb2.Status.FromString(packed).details[1].Unpack(bad)
    assert [field] == [violation.field for violation in bad.field_violations]


def test_a_call_ends_at_its_deadline(asked_up: tuple[Up, list[str]]) -> None:
    """A watcher of a ranking in which nothing happens is let go when its time is up."""
    up, _ = asked_up
    with pytest.raises(DeadlineExceeded):
        list(up.client.watch(TARGET, "beta", "target", "red", timeout=0.6))
