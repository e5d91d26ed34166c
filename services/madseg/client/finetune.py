"""Fine-tuning: runs that make a new version of the target."""

import uuid
from collections.abc import Iterator, Sequence

from madseg.client.connection import Connection
from madseg.client.decode.fill import fill
from madseg.client.decode.finetune import from_plan, from_state, to_run
from madseg.client.pages import over_pages
from madseg.client.values.finetune import Run, RunPage, RunPlan, RunState
from madseg.v1 import finetune_pb2
from madseg.v1.finetune_pb2_grpc import FineTuneServiceStub


class FineTuneCalls:
    """The calls of FineTuneService. They need a token; what it may do is told by its roles."""

    _finetune: Connection

    def start_run(self, plan: RunPlan, *, idempotency_key: str = "") -> Run:
        """Begins a run. A second call with the same `idempotency_key` answers with the run that the first one began.

        Raises:
            InvalidArgument: a recipe, setting or bound that can't be.
            AlreadyExists: the key came with another plan before.
            NotFound: there is no such model or version.
            NotReady: no version serves, or no campaign is about the model.
        """
        request = fill(
            finetune_pb2.StartRunRequest, plan=from_plan(plan), idempotency_key=idempotency_key or uuid.uuid4().hex
        )
        return to_run(self._finetune.call(self._finetune_stub().StartRun, request).run)

    def check_run(self, plan: RunPlan) -> None:
        """Does nothing where a run of this plan could be begun, as far as its settings go.

        Raises:
            InvalidArgument: a recipe, setting or bound that can't be.
        """
        request = fill(finetune_pb2.StartRunRequest, plan=from_plan(plan), check_only=True)
        self._finetune.call(self._finetune_stub().StartRun, request)

    def run(self, run_id: str = "") -> Run:
        """A run (default: the newest).

        Raises:
            NotFound: there is no such run, or none at all.
        """
        request = fill(finetune_pb2.GetRunRequest, run_id=run_id)
        return to_run(self._finetune.call(self._finetune_stub().GetRun, request).run)

    def runs(self, *, state: str | RunState | None = None, page_size: int = 100) -> Iterator[Run]:
        """Runs, newest first, a page at a time; in one state where one is given."""

        def fetch(token: str) -> tuple[Sequence[Run], str]:
            page = self.run_page(state=state, page_size=page_size, page_token=token)
            return page.runs, page.next_page_token

        return over_pages(fetch)

    def run_page(self, *, state: str | RunState | None = None, page_size: int = 100, page_token: str = "") -> RunPage:
        """A page of runs, newest first."""
        request = fill(
            finetune_pb2.ListRunsRequest, state=from_state(state), page_size=page_size, page_token=page_token
        )
        answer = self._finetune.call(self._finetune_stub().ListRuns, request)
        return RunPage(tuple(map(to_run, answer.runs)), answer.next_page_token)

    def watch_run(self, run_id: str = "") -> Iterator[Run]:
        """A run (default: the newest) now and again whenever it gets on, until nothing happens by itself any more."""
        request = fill(finetune_pb2.WatchRunRequest, run_id=run_id)
        for answer in self._finetune.stream(lambda: self._finetune_stub().WatchRun(request)):
            yield to_run(answer.run)

    def cancel_run(self, run_id: str) -> Run:
        """Ends a run that goes on, or waits to be promoted. One that is cancelled stays so.

        Raises:
            NotReady: it has ended otherwise, or is being released.
        """
        request = fill(finetune_pb2.CancelRunRequest, run_id=run_id)
        return to_run(self._finetune.call(self._finetune_stub().CancelRun, request).run)

    def promote_run(self, run_id: str, *, despite_gate: bool = False) -> Run:
        """Has the version of a run released, which takes a moment: `watch_run` ends when it is. A second call changes
        nothing. Only admins may give `despite_gate`, which lets one through that the gate refused.

        Raises:
            NotReady: it made no version, or the gate refused it.
        """
        request = fill(finetune_pb2.PromoteRunRequest, run_id=run_id, despite_gate=despite_gate)
        return to_run(self._finetune.call(self._finetune_stub().PromoteRun, request).run)

    def _finetune_stub(self) -> FineTuneServiceStub:
        return self._finetune.stub(FineTuneServiceStub)
