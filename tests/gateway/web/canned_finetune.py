"""A fine-tune service with canned runs behind the real gRPC edge."""

from dataclasses import dataclass, field
from typing import Any

from madseg.core.errors import NotFound, NotReady
from madseg.v1 import finetune_pb2 as pb
from madseg.v1 import types_pb2
from madseg.v1.finetune_pb2_grpc import FineTuneServiceServicer
from tests.client.canned import moment

RUN = "f1" * 16


def progress(epoch: int, selected: float) -> pb.RunProgress:
    """The first of two rates, after an epoch."""
    where = {"rate": 1, "rates": 2, "epoch": epoch, "epochs": 4, "step": 10, "steps": 10}
    return pb.RunProgress(**where, learning_rate=1e-4, loss=1 / epoch, selected=selected)  # type: ignore[arg-type]


def run(state: pb.RunState.ValueType, epoch: int = 2) -> pb.Run:
    """One that has trained for so many epochs."""
    return pb.Run(
        id=RUN,
        plan=pb.RunPlan(target=types_pb2.ModelVersion(model="ours", version=2), recipe="modern", t0="/t0"),
        state=state,
        created_at=moment(9),
        changed_at=moment(10),
        progress=progress(epoch, 0.5),
        epochs=[progress(number, 0.25 * number) for number in range(1, epoch + 1)],
        checks=[pb.GateCheck(name="agreement", found=1.0, allowed=0.999, passed=True, sentence="It agrees <b>.")],
        before=pb.Figure(value=0.5, low=0.4, high=0.6, images=5),
        after=pb.Figure(value=float("nan"), low=0.0, high=1.0, images=5),
        started_by="ada",
        waits_for="labelling <b>is away" if state == pb.RUN_STATE_TRAINING else "",
    )


@dataclass
class CannedFineTune(FineTuneServiceServicer):
    """One run, which waits to be promoted."""

    state: pb.RunState.ValueType = pb.RUN_STATE_PASSED
    epoch: int = 2
    asked: list[Any] = field(default_factory=list)

    def GetRun(self, request, context):  # type: ignore[no-untyped-def]
        self._require(request)
        return pb.GetRunResponse(run=run(self.state, self.epoch))

    def ListRuns(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        return pb.ListRunsResponse(runs=[run(self.state)], next_page_token="more")

    def StartRun(self, request, context):  # type: ignore[no-untyped-def]
        raise NotImplementedError  # rounds do

    def WatchRun(self, request, context):  # type: ignore[no-untyped-def]
        raise NotImplementedError  # the gateway polls

    def PromoteRun(self, request, context):  # type: ignore[no-untyped-def]
        self._require(request)
        if self.state == pb.RUN_STATE_REFUSED and not request.despite_gate:
            raise NotReady("the gate refused it")
        self.state = pb.RUN_STATE_RELEASED
        return pb.PromoteRunResponse(run=run(self.state))

    def CancelRun(self, request, context):  # type: ignore[no-untyped-def]
        self._require(request)
        self.state = pb.RUN_STATE_CANCELLED
        return pb.CancelRunResponse(run=run(self.state))

    def _require(self, request: Any) -> None:
        self.asked.append(request)
        if request.run_id not in ("", RUN):
            raise NotFound(f"there is no run {request.run_id}")
