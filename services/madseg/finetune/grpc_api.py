"""FineTuneService: who calls, decode, one call, encode."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from madseg.core.errors import InvalidInput, NotFound, NotReady
from madseg.core.messages import VersionRef
from madseg.finetune import encoding, runs
from madseg.finetune.encoding import MAX_ID
from madseg.finetune.neighbours import Model, Neighbours
from madseg.finetune.progress import epochs, progress
from madseg.finetune.runs import Plan, Run
from madseg.ports import Database
from madseg.requests import asked_for, foreign_token, from_token, page_size, plain_text, token
from madseg.security.access import Access, Role
from madseg.security.callers import caller
from madseg.v1 import finetune_pb2 as pb
from madseg.v1.finetune_pb2_grpc import FineTuneServiceServicer

MAX_KEY = 200
"""Characters of an idempotency key."""

WATCH_SECONDS = 0.5
"""How often a watched run is looked at: a small query and the end of a file."""


class FineTuneApi(FineTuneServiceServicer):
    """`folder` has a folder for each run; `clock` gives microseconds since the epoch, `new_id` a run's id.

    `factories` are the packages whose code runs may call.
    """

    def __init__(
        self,
        database: Database,
        neighbours: Neighbours,
        access: Access,
        folder: Path,
        clock: Callable[[], int],
        new_id: Callable[[], str],
        factories: Sequence[str] = (),
    ) -> None:
        self._database, self._neighbours, self._who = database, neighbours, partial(caller, access)
        self._folder, self._clock, self._new_id, self._factories = folder, clock, new_id, factories

    def StartRun(self, request: pb.StartRunRequest, context: Any) -> pb.StartRunResponse:
        who = self._who(context, Role.OPERATOR)
        key, wanted = plain_text(request.idempotency_key, "idempotency_key", MAX_KEY), encoding.plan(request.plan)
        if wanted.network is not None:
            wanted.network.check(self._factories)
        if request.check_only:
            return pb.StartRunResponse()
        plan = lambda: self._completed(wanted)  # noqa: E731
        made = runs.start(self._database, self._new_id(), who.name, key, plan, self._clock(), asked=asked_for(request))
        return pb.StartRunResponse(run=self._proto(made))

    def GetRun(self, request: pb.GetRunRequest, context: Any) -> pb.GetRunResponse:
        self._who(context)
        return pb.GetRunResponse(run=self._seen(request.run_id)[1])

    def ListRuns(self, request: pb.ListRunsRequest, context: Any) -> pb.ListRunsResponse:
        self._who(context)
        size, state = page_size(request.page_size, 100), encoding.state(request.state)
        before = from_token(request.page_token).get("before")
        if request.page_token and not isinstance(before, int):
            raise foreign_token()
        with self._database.snapshot() as tx:
            found = runs.page(tx, state, before if isinstance(before, int) else None, size + 1)
        more = token(before=found[size - 1].number) if len(found) > size else ""
        return pb.ListRunsResponse(runs=map(self._proto, found[:size]), next_page_token=more)

    async def WatchRun(self, request: pb.WatchRunRequest, context: Any) -> AsyncIterator[pb.WatchRunResponse]:
        self._who(context)
        chosen, seen = request.run_id, None
        while True:
            found, message = await asyncio.to_thread(self._seen, chosen)
            chosen = found.id  # the newest one stays the one that is watched
            if message != seen:
                seen = message
                yield pb.WatchRunResponse(run=message)
            if not found.goes_on:
                return
            await asyncio.sleep(WATCH_SECONDS)

    def CancelRun(self, request: pb.CancelRunRequest, context: Any) -> pb.CancelRunResponse:
        self._who(context, Role.OPERATOR)
        found = runs.cancel(self._database, _named(request.run_id), self._clock())
        return pb.CancelRunResponse(run=self._proto(found))

    def PromoteRun(self, request: pb.PromoteRunRequest, context: Any) -> pb.PromoteRunResponse:
        who = self._who(context, Role.ADMIN if request.despite_gate else Role.OPERATOR)
        despite, now = request.despite_gate, self._clock()
        found = runs.promote(self._database, _named(request.run_id), who.name, now, despite_gate=despite)
        return pb.PromoteRunResponse(run=self._proto(found))

    def _completed(self, plan: Plan) -> Plan:
        """With the version and the campaigns that are meant where it names none."""
        model = self._neighbours.model(plan.target.model)
        target = VersionRef(model.name, plan.target.version or _serving(model))
        if target.version not in model.versions:
            raise NotFound(f"no version {target}: there are {', '.join(map(str, sorted(model.versions)))}")
        campaigns = plan.campaign_ids or self._neighbours.campaigns(model.name)
        if not campaigns:
            raise NotReady(f"S is empty: {model.name} has no campaign yet; `madseg campaign create` opens one")
        return replace(plan, target=target, campaign_ids=campaigns)

    def _run(self, run_id: str) -> Run:
        with self._database.snapshot() as tx:
            return runs.run(tx, plain_text(run_id, "run_id", MAX_ID))

    def _seen(self, run_id: str) -> tuple[Run, pb.Run]:
        found = self._run(run_id)
        folder = self._folder / found.id
        return found, encoding.run_proto(found, progress(folder), epochs(folder))

    def _proto(self, run: Run) -> pb.Run:
        return encoding.run_proto(run, progress(self._folder / run.id))


def _serving(model: Model) -> int:
    if not model.serving:
        raise NotReady(f"no version of {model.name} serves: name one")
    return max(model.serving)


def _named(run_id: str) -> str:
    """An id that isn't empty: nobody cancels or promotes "the newest" by accident."""
    if not run_id:
        raise InvalidInput("run_id must be given", field="run_id")
    return plain_text(run_id, "run_id", MAX_ID)
