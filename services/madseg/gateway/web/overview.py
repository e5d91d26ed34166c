"""/api/overview: everything that runs, on one page. It says nothing of how much the models disagree on an image."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Response
from starlette.responses import StreamingResponse

from madseg.client import Client, Model, SelectorStatus, Version
from madseg.gateway.web.asking import Asking
from madseg.gateway.web.callers import Anybody, Caller
from madseg.gateway.web.encoding import said
from madseg.gateway.web.snapshot import Known, Question, Snapshot
from madseg.gateway.web.streaming import Streams
from madseg.gateway.web.throughput import Throughput
from madseg.security.access import Role

SHOWN = 10
"""Candidate sets and campaigns, the newest ones."""

ROUNDS = 3
"""Rounds, the newest ones."""

OPTIONAL = ("finetune", "rounds")
"""Parts that a deployment may do without."""

TASKS_EVERY_SECONDS = 5.0
"""Between two counts of the mask tasks, which are read one by one."""

TASKS_PAGE = 1000

_SEES_TASKS = (Role.ANNOTATOR, Role.REVIEWER, Role.OPERATOR)
_DOING = {"drawing": "annotator", "in_review": "reviewer"}


class Overview:
    """The overview, with one snapshot for all who may see tasks and one for all others."""

    def __init__(
        self,
        asking: Asking,
        counts: Callable[[], Mapping[str, int]],
        throughput: Throughput,
        parts: Collection[str] = OPTIONAL,
    ) -> None:
        """`parts` are those of `OPTIONAL` that the deployment has."""
        self._throughput = throughput

        async def gateway(_: Caller) -> object:
            return await asking.wait(counts)

        def asked(name: str, part: str, question: Callable[[Client], object]) -> Question:
            return Question(name, part, lambda caller: asking.ask(caller.token, question))

        asked_of_all = (
            Question("counts", "gateway", gateway),
            asked("status", "selector", lambda client: client.selector_status()),
            asked("contests", "selector", lambda client: client.contests()),
            asked(
                "candidate_sets", "selector", lambda client: client.candidate_set_page(page_size=SHOWN).candidate_sets
            ),
            asked("models", "models", lambda client: client.models()),
            asked("campaigns", "labelling", lambda client: client.campaign_page(page_size=SHOWN).campaigns),
            asked("runs", "finetune", lambda client: client.run_page(page_size=1)),
            asked("rounds", "rounds", lambda client: client.round_page(page_size=ROUNDS).rounds),
        )
        everybody = tuple(item for item in asked_of_all if item.part in parts or item.part not in OPTIONAL)
        tasks = Question(
            "tasks",
            "labelling",
            lambda caller: asking.ask(caller.token, lambda client: tally(client.mask_tasks(page_size=TASKS_PAGE))),
            TASKS_EVERY_SECONDS,
        )
        self._snapshots = {False: Snapshot(everybody), True: Snapshot((*everybody, tasks))}

    def sees_tasks(self, caller: Caller) -> bool:
        """Whether the caller's overview has the mask tasks."""
        return caller.who.may(*_SEES_TASKS)

    async def read(self, caller: Caller) -> dict[str, Any]:
        """The overview as it is now."""
        snapshot = self._snapshots[self.sees_tasks(caller)]
        known = await snapshot.read(caller)
        status: SelectorStatus | None = known["status"].value
        campaigns = known["campaigns"].value or []
        rounds: Known = known.get("rounds", Known())
        tasks: Tally = known.get("tasks", Known()).value or Tally(())
        return {
            "images": status.images if status else None,
            "random_lane": (known["counts"].value or {}).get("random_lane"),
            "lag": status.lag if status else None,
            "dead_letters": status.dead_letters if status else None,
            "revision": status.revision if status else None,
            "images_per_s": self._throughput.series(),
            "parts": snapshot.parts(),
            "versions": versions(status, known["models"].value or []),
            "contests": known["contests"].value or [],
            "replays": status.replays if status else [],
            "rounds": rounds.value or [],
            "candidate_sets": known["candidate_sets"].value or [],
            "campaigns": campaigns,
            "mask_tasks": tasks.states,
            "people": people(campaigns, tasks),
        }


class Tally:
    """Mask tasks counted by state, and who is at them."""

    def __init__(self, tasks: Iterable[Any]) -> None:
        states: Counter[str] = Counter()
        self.busy: set[tuple[str, str]] = set()
        for task in tasks:
            state = str(task.state.value)
            states[state] += 1
            if state in _DOING and (name := getattr(task, _DOING[state])):
                self.busy.add((name, "drawing" if state == "drawing" else "reviewing"))
        self.states: dict[str, int] = dict(states)


def tally(tasks: Iterable[Any]) -> Tally:
    """The tasks counted."""
    return Tally(tasks)


def versions(status: SelectorStatus | None, models: Sequence[Model]) -> list[dict[str, object]]:
    """Every version that said something or takes part, with its role."""
    counts = {item.version: (item.stored, item.failed) for item in (status.versions if status else ())}
    roles = {item.name: item.role for item in models}
    serving = {Version(item.name, number) for item in models for number in item.serving}
    return [
        {
            "version": version,
            "role": roles.get(version.model),
            "stored": counts.get(version, (0, 0))[0],
            "failed": counts.get(version, (0, 0))[1],
            "serving": version in serving,
        }
        for version in sorted({*counts, *serving})
    ]


def people(campaigns: Iterable[Any], tasks: Tally) -> list[dict[str, str]]:
    """Who is doing what, by name."""
    scoring = {(name, "scoring") for item in campaigns for name in item.active}
    return [{"name": name, "doing": doing} for name, doing in sorted(scoring | tasks.busy)]


def overview_routes(overview: Overview, streams: Streams) -> APIRouter:
    """The routes of this page."""
    router = APIRouter()

    @router.get("/overview")
    async def get_overview(caller: Anybody) -> Response:
        return said(await overview.read(caller))

    @router.get("/overview/events")
    async def watch_overview(caller: Anybody) -> StreamingResponse:
        return await streams.open("overview", overview.sees_tasks(caller), overview.read, caller)

    return router
