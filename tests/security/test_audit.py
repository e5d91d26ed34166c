"""Who did what is written down: every method, every code, and nothing that is nobody's business."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from structlog.testing import capture_logs

from madseg.core.errors import InvalidInput
from madseg.rpc import Server
from madseg.security.access import Principal, Role, Tokens, add_token
from madseg.security.admission import METHODS, Admission
from madseg.security.audit import NOWHERE, Audit, Event, File, Place, changes, open_audit
from madseg.security.crowd import crowd
from madseg.security.guarding import Guard
from madseg.security.rates import Rates
from madseg.security.touched import MOST, of_path, touched
from madseg.v1 import finetune_pb2, intake_pb2, masks_pb2, models_pb2, rounds_pb2, scoring_pb2, selector_pb2
from tests.observing.scraping import scrape
from tests.pipeline.running import until
from tests.security.serving import shop
from tests.security.test_admission import EVERY, code, empty

CHANGING = """
IntakeService/UploadImage IntakeService/UploadImages IntakeService/ImportPredictions IntakeService/RequeueImages
IntakeService/ForgetImage
ModelsService/AddModel ModelsService/ReleaseVersion ModelsService/RegisterImportedModel ModelsService/SetRole
ModelsService/ServeVersions ModelsService/RollbackVersion
SelectorService/CutCandidates SelectorService/ExcludeImages SelectorService/RestoreImages SelectorService/ForgetImage
SelectorService/ExpireImages SelectorService/RequestPredictions
ScoringService/CreateCampaign ScoringService/TakeAssignments ScoringService/ReturnAssignments ScoringService/Judge
ScoringService/UndoJudgement ScoringService/RevokeVetoes ScoringService/ChooseSets ScoringService/CancelCampaign
ScoringService/ForgetImage
MasksService/CreateMaskTasks MasksService/AddMaskTasks MasksService/TakeMaskTask MasksService/ReturnMaskTask
MasksService/ReassignMaskTask MasksService/SaveMask MasksService/SubmitMask MasksService/SendBackImage
MasksService/TakeReview MasksService/AddFinding MasksService/UpdateFinding MasksService/DecideReview
MasksService/PostMessage MasksService/ImportMasks
FineTuneService/StartRun FineTuneService/CancelRun FineTuneService/PromoteRun
RoundsService/StartRound RoundsService/ApproveRound RoundsService/CancelRound RoundsService/SetPolicy
""".split()

ADA = Principal("ada", frozenset({Role.OPERATOR, Role.READER}))

IMAGE = "0123456789abcdef" * 2

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def lines(file: Path) -> list[dict[str, Any]]:
    """What stands in an audit log."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def noting(file: Path, rates: Rates | None = None) -> Guard:
    """A guard that writes into a file."""
    return Guard(crowd(99, 99, 1 << 20), rates or Rates(0, 1), open_audit(str(file)))


def test_the_table_says_which_methods_change_something() -> None:
    """A new method must be looked at."""
    assert sorted(f"/madseg.v1.{name}" for name in CHANGING) == [
        method for method in sorted(METHODS) if changes(method)
    ]


def test_every_method_is_noted_as_the_table_says(tmp_path: Path) -> None:
    """What changes something, however it ends; and every refusal of somebody who may not or whom nobody knows."""
    file, made = tmp_path / "audit.jsonl", tmp_path / "tokens.json"
    tokens = {role: add_token(made, f"the {role}", [role]) for role in Role}
    services = [empty(name) for name in sorted({path.split("/")[1] for path in EVERY})]
    server = Server(services, "127.0.0.1:0", Admission(Tokens(made)), noting(file))
    server.start()
    expected: list[tuple[str, str | None, list[str], str]] = []
    with grpc.insecure_channel(server.reachable) as channel:
        for path in EVERY:
            code(channel, path, None)
            expected.append((path, None, [], "UNAUTHENTICATED"))
            code(channel, path, tokens[Role.ADMIN])
            if path.removeprefix("/madseg.v1.") in CHANGING:
                expected.append((path, "the admin", ["admin"], "FAILED_PRECONDITION"))
            if METHODS[path]:
                other = next(role for role in Role if role not in METHODS[path])
                code(channel, path, tokens[other])
                expected.append((path, f"the {other}", [other.value], "PERMISSION_DENIED"))
    server.stop()
    found = lines(file)
    assert [(item["method"], item["principal"], item["roles"], item["code"]) for item in found] == expected
    assert {item["peer"] for item in found} == {"127.0.0.1"}
    assert not any(token in file.read_text() for token in tokens.values())


def test_a_line_has_who_what_when_and_where(tmp_path: Path) -> None:
    """One with ids of the request and of the answer, and the trace; no text."""
    file = tmp_path / "audit.jsonl"
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    made = add_token(tmp_path / "tokens.json", "ada", [Role.OPERATOR])
    metadata = (("authorization", f"Bearer {made}"), ("traceparent", f"00-{trace}-00f067aa0ba902b7-01"))
    with shop(noting(file), Admission(Tokens(tmp_path / "tokens.json"))) as at:
        at.models.SetRole(models_pb2.SetRoleRequest(name="ours"), timeout=20, metadata=metadata)
        parts = iter([models_pb2.AddModelRequest(chunk=b"secret")] * 3)
        at.models.AddModel(parts, timeout=20, metadata=metadata[:1])
        at.models.ListModels(models_pb2.ListModelsRequest(), timeout=20, metadata=metadata)
    first, second = lines(file)
    assert datetime.fromisoformat(first.pop("at")).tzinfo is not None
    service = "/madseg.v1.ModelsService"
    common = {"principal": "ada", "roles": ["operator"], "peer": "127.0.0.1", "code": "OK"}
    assert first == {"method": f"{service}/SetRole", **common, "touched": {"model": "ours"}, "trace_id": trace}
    second.pop("at")
    assert second == {"method": f"{service}/AddModel", **common, "touched": {"items": 3}}


def test_what_is_too_much_is_counted_and_not_noted(tmp_path: Path) -> None:
    """Or whoever calls without end would fill the disk."""
    file = tmp_path / "audit.jsonl"
    add_token(tmp_path / "tokens.json", "ada", [Role.OPERATOR])
    with shop(noting(file, Rates(0.001, 2)), Admission(Tokens(tmp_path / "tokens.json"))) as at:
        for _ in range(5):
            with pytest.raises(grpc.RpcError):
                at.models.SetRole(models_pb2.SetRoleRequest(name="ours"), timeout=20)
    assert [item["code"] for item in lines(file)] == ["UNAUTHENTICATED"] * 2


def test_what_somebody_left_is_noted_as_it_ended(tmp_path: Path) -> None:
    """The work goes on without them."""
    file = tmp_path / "audit.jsonl"
    guard = noting(file)
    with shop(guard) as at:
        guard.audit.note(Event("before", None, "", "OK"), changing=True)
        at.waiting().cancel()
        at.servicer.may.set()
        at.models.SetRole(models_pb2.SetRoleRequest(name="ours"), timeout=20)
        until(lambda: len(lines(file)) == 2)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (intake_pb2.ForgetImageRequest(image_id=IMAGE, reason="she asked us to"), {"image_id": IMAGE}),
        (intake_pb2.ForgetImageRequest(image_id="ada@example.org, 5 High St"), {}),
        (intake_pb2.ForgetImageRequest(image_id="kD9_xB2-Token_of_43_characters_with_LETTERS"), {}),
        (intake_pb2.UploadImageResponse(image_id=IMAGE, duplicate=True), {"image_id": IMAGE}),
        (intake_pb2.UploadImageRequest(image=intake_pb2.ImageUpload(content=b"x", name="me.jpg", source="roof")), {}),
        (models_pb2.ServeVersionsRequest(name="ours", versions=[2, 3]), {"model": "ours", "versions": [2, 3]}),
        (models_pb2.SetRoleResponse(model=models_pb2.Model(name="ours", description="text")), {"model": "ours"}),
        (masks_pb2.ReassignMaskTaskRequest(task_id=IMAGE, name="ben"), {"task_id": IMAGE}),
        (masks_pb2.PostMessageRequest(task_id=IMAGE, text="look at the tram"), {"task_id": IMAGE}),
        (masks_pb2.SubmitMaskRequest(task_id=IMAGE, revision=4), {"task_id": IMAGE, "revision": 4}),
        (finetune_pb2.StartRunResponse(run=finetune_pb2.Run(id=IMAGE, reasons=["text"])), {"run_id": IMAGE}),
        (rounds_pb2.StartRoundRequest(model="ours", idempotency_key=IMAGE), {"model": "ours"}),
        (scoring_pb2.CreateCampaignRequest(candidate_set_id=IMAGE, note="text"), {"candidate_set_id": IMAGE}),
        (selector_pb2.ExcludeImagesRequest(image_ids=[IMAGE, "x y"], reason="text"), {"image_ids": [IMAGE]}),
    ],
)
def test_only_ids_are_taken_from_requests_and_answers(message: Any, expected: dict[str, object]) -> None:
    """By a list of fields, and by their form: a token or a sentence in place of an id is left out."""
    assert touched(message) == expected


def test_of_many_ids_the_first_are_told_and_the_others_counted() -> None:
    """A line stays a line."""
    many = [f"{number:032x}" for number in range(MOST + 5)]
    found = touched(selector_pb2.ExcludeImagesRequest(image_ids=many))
    assert found == {"image_ids": many[:MOST], "more_image_ids": 5}


def test_a_path_tells_ids_too() -> None:
    """As the routes call them."""
    path = {"set_id": IMAGE, "task_id": "a b", "number": "3", "person": "ada", "model": "ours"}
    assert of_path(path) == {"candidate_set_id": IMAGE, "model": "ours"}


class Failing(Place):
    """Writes while it may."""

    def __init__(self) -> None:
        self.full, self.written = False, b""

    def write(self, line: bytes) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.written += line


def test_a_line_that_can_not_be_written_is_counted_and_stops_nobody(page: str) -> None:
    """The log says when it begins and when it ends, not each time."""
    place, before = Failing(), scrape(page)
    audit = Audit(place, lambda: NOON)
    event = Event("/a/Change", ADA, "10.0.0.7", "OK")
    with capture_logs() as logs:
        for place.full in (False, True, True, True, False, False):
            audit.note(event, changing=True)
    assert scrape(page).since(before, "madseg_audit_lost_total") == 3
    said = [(item["event"], item.get("reason"), item.get("lost")) for item in logs]
    assert said == [("audit_lost", "[Errno 28] No space left on device", None), ("audit_goes_on", None, 3)]
    assert len(place.written.splitlines()) == 3
    assert json.loads(place.written.splitlines()[0])["at"] == "2026-05-01T12:00:00.000Z"


def test_a_full_disk_stops_no_service(page: str) -> None:
    """The real thing."""
    before = scrape(page)
    with shop(Guard(crowd(9, 9, 1 << 20), Rates(0, 1), open_audit("/dev/full"))) as at:
        assert at.models.SetRole(models_pb2.SetRoleRequest(name="ours"), timeout=20).model.name == "ours"
    assert scrape(page).since(before, "madseg_audit_lost_total") == 1


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    """As programs do that keep old logs; both are for their owner alone."""
    path, moved = tmp_path / "audit.jsonl", tmp_path / "audit.jsonl.1"
    file = File(path)
    file.write(b"a\n")
    path.rename(moved)
    file.write(b"b\n")
    path.unlink()
    file.write(b"c\n")
    assert (moved.read_bytes(), path.read_bytes()) == (b"a\n", b"c\n")
    assert {name.stat().st_mode & 0o777 for name in (path, moved)} == {0o600}


CUT_OFF = """
import resource, signal, sys
from pathlib import Path
from madseg.security.audit import File
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
file = File(Path(sys.argv[1]))
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, most))
file.write(b"123456\\n")
for _ in range(2):
    try:
        file.write(b"abcdef\\n")
    except OSError as error:
        print(error.strerror)
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
file.write(b"kept\\n")
"""
"""A process whose files may have 10 bytes, for a while."""


def test_a_line_that_was_cut_off_does_not_spoil_the_next_one(tmp_path: Path) -> None:
    """Which begins on a line of its own."""
    path = tmp_path / "audit.jsonl"
    done = subprocess.run([sys.executable, "-c", CUT_OFF, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == "File too large\n" * 2
    assert path.read_bytes() == b"123456\nabc\nkept\n"


def test_processes_share_a_file(tmp_path: Path) -> None:
    """Whole lines, as each writes at the end."""
    path = tmp_path / "audit.jsonl"
    first, second = File(path), File(path)
    for number in range(50):
        (first if number % 2 else second).write(b"%d\n" % number)
    assert [int(line) for line in path.read_text().split()] == list(range(50))


def test_a_log_goes_nowhere_to_a_file_or_to_the_output(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """As the setting says."""
    assert open_audit("") is NOWHERE
    NOWHERE.note(Event("/a/Change", ADA, "", "OK"), changing=True)
    open_audit("stdout").note(Event("/a/Change", ADA, "", "OK"), changing=True)
    assert json.loads(capfd.readouterr().out)["principal"] == "ada"
    with pytest.raises(InvalidInput, match=r"the audit log .*/nowhere/a can't be written: No such file"):
        open_audit(str(tmp_path / "nowhere" / "a"))


@pytest.mark.parametrize(
    ("changing", "given", "noted"),
    [(True, "OK", True), (False, "OK", False), (False, "403", True), (False, "401", True), (True, "429", False)],
)
def test_what_is_read_is_not_noted(changing: bool, given: str, noted: bool) -> None:
    """Unless it was refused."""
    place = Failing()
    Audit(place).note(Event("GET /", None, "", given), changing=changing)
    assert bool(place.written) == noted
