"""Every error has its status, its reason and its field."""

import ast
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from structlog.testing import capture_logs

from madseg.core.errors import (
    AlreadyExists,
    Busy,
    Conflict,
    InvalidImage,
    InvalidInput,
    MadsegError,
    NotFound,
    NotReady,
    Stale,
    TooMany,
    Unavailable,
)
from madseg.v1 import models_pb2
from madseg.v1.models_pb2_grpc import ModelsServiceStub
from tests.rpc.speaking import MODELS, details, failed, refusing, serving


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("no such shelf"), grpc.StatusCode.INVALID_ARGUMENT),
        (InvalidImage("no picture"), grpc.StatusCode.INVALID_ARGUMENT),
        (NotFound("nobody home"), grpc.StatusCode.NOT_FOUND),
        (AlreadyExists("twice"), grpc.StatusCode.ALREADY_EXISTS),
        (NotReady("still baking"), grpc.StatusCode.FAILED_PRECONDITION),
        (Conflict("not yours"), grpc.StatusCode.FAILED_PRECONDITION),
        (Stale("sold meanwhile"), grpc.StatusCode.ABORTED),
        (TooMany("one at a time", retry_after=2.5), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (Busy("a queue already", retry_after=1), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (Unavailable("closed"), grpc.StatusCode.UNAVAILABLE),
        (MadsegError("something else"), grpc.StatusCode.UNKNOWN),
    ],
)
def test_each_error_has_its_status(error: MadsegError, code: grpc.StatusCode) -> None:
    """With its sentence, and an ErrorInfo of its kind."""
    with serving(refusing(error)) as (_, channel):
        stub = ModelsServiceStub(channel)
        for call in (
            lambda: stub.ListModels(models_pb2.ListModelsRequest(), timeout=10),
            lambda: stub.AddModel(iter([models_pb2.AddModelRequest()]), timeout=10),
        ):
            refusal = failed(call)
            assert (refusal.code(), refusal.details()) == (code, str(error))
            status = details(refusal)
            info = error_details_pb2.ErrorInfo()
            assert status.details[0].Unpack(info)
            assert (info.reason, info.domain) == (type(error).__name__, "madseg")
            assert (status.code, status.message) == (code.value[0], str(error))


def test_the_reference_lists_every_reason() -> None:
    """Of errors that calls end with: not those of training, nor what an adapter or its caller takes on itself."""
    root = Path(__file__).parents[2]
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for path in sorted((root / "services" / "madseg").rglob("*.py"))
        if "client" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }
    errors = {"MadsegError"}
    while more := {name for name, above in bases.items() if above & errors} - errors:
        errors |= more
    told = (root / "docs" / "api.md").read_text().partition("\n## ")[0]
    inside = {"Diverged", "Stopped", "Misplaced"}
    assert sorted(name for name in errors - inside if f"`{name}`" not in told) == []


def test_the_field_at_fault_is_named() -> None:
    """In a BadRequest."""
    with serving(refusing(InvalidInput("too many pies", field="pies"))) as (_, channel):
        status = details(failed(lambda: ModelsServiceStub(channel).ListModels(models_pb2.ListModelsRequest())))
    bad = error_details_pb2.BadRequest()
    assert status.details[1].Unpack(bad)
    assert [(item.field, item.description) for item in bad.field_violations] == [("pies", "too many pies")]


def test_what_is_too_much_says_when_to_come_again() -> None:
    """In a RetryInfo."""
    with serving(refusing(TooMany("one at a time", retry_after=2.5))) as (_, channel):
        status = details(failed(lambda: ModelsServiceStub(channel).ListModels(models_pb2.ListModelsRequest())))
    again = error_details_pb2.RetryInfo()
    assert status.details[1].Unpack(again)
    assert again.retry_delay.ToMilliseconds() == 2500


@pytest.mark.parametrize("letter", ["x", "é", "💥", "\n", "\ud800"])
def test_a_long_sentence_is_cut_and_still_arrives(letter: str) -> None:
    """Peers refuse much metadata, and errors show what callers sent."""
    with serving(refusing(InvalidInput(f"no shelf {letter * 50_000}", field="shelf"))) as (_, channel):
        refusal = failed(lambda: ModelsServiceStub(channel).ListModels(models_pb2.ListModelsRequest()))
    assert refusal.code() is grpc.StatusCode.INVALID_ARGUMENT
    shown = letter.encode(errors="backslashreplace").decode()
    assert (refusal.details() or "").startswith(f"no shelf {shown * 100}")
    assert (refusal.details() or "").endswith("…")


def test_a_defect_is_internal_with_a_number_that_the_log_has() -> None:
    """And nothing of what it was reaches the caller."""
    with capture_logs() as logs, serving(refusing(ZeroDivisionError("secret"))) as (_, channel):
        refusal = failed(lambda: ModelsServiceStub(channel).ListModels(models_pb2.ListModelsRequest()))
    assert refusal.code() is grpc.StatusCode.INTERNAL
    (entry,) = (item for item in logs if item["event"] == "rpc_failed")
    assert refusal.details() == f"internal error {entry['incident']}: see the server's log"
    assert isinstance(entry["exc_info"], ZeroDivisionError)
    assert entry["method"] == f"/{MODELS}/ListModels"
