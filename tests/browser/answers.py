"""What the stage answers to each call of the API."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tests.browser import canned, scenes
from tests.paged import one_a_page

if TYPE_CHECKING:
    from tests.browser.stage import Stage

Answer = Callable[..., Any]
"""Takes the stage, the request and what stands for the stars of the path; gives a response or something for JSON."""

MAX_AGE = {"cache-control": "max-age=3600, immutable"}


async def answer(stage: "Stage", request: Request, path: str) -> Response:
    """The answer to a call, or what the knobs say instead."""
    if not stage.signed_in and path != "session":
        return problem(401, "Not signed in", "sign in")
    if any(path.startswith(start) for start in stage.failing):
        return problem(503, "Unavailable", f"the selector at 127.0.0.1:7002 doesn't answer ({path})")
    while f"slow:{path}" in stage.failing and not stage.stopping:
        await asyncio.sleep(0.05)
    for (method, pattern), make in ANSWERS.items():
        words = _match(pattern, path)
        if method == request.method and words is not None:
            found = make(stage, request, *words)
            return found if isinstance(found, Response) else JSONResponse(found)
    return problem(404, "Not found", f"{request.method} {path} isn't there")


def problem(status: int, title: str, detail: str) -> Response:
    """An error as problem details."""
    content = {"status": status, "title": title, "detail": detail}
    return JSONResponse(content, status, media_type="application/problem+json")


def events(stage: "Stage", name: str, make: Callable[[], Any]) -> Response:
    """A thing as it is, and again whenever it changes."""

    async def stream() -> AsyncIterator[str]:
        last = None
        while not stage.stopping:
            now = json.dumps(make())
            if now != last:
                yield f"event: {name}\ndata: {now}\n\n"
                last = now
            await asyncio.sleep(0.1)

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"cache-control": "no-store"})


def _match(pattern: str, path: str) -> list[str] | None:
    wanted, given = pattern.split("/"), path.split("/")
    if len(wanted) != len(given) or any(one not in ("*", other) for one, other in zip(wanted, given, strict=True)):
        return None
    return [other for one, other in zip(wanted, given, strict=True) if one == "*"]


def _me(stage: "Stage", _: Request) -> Any:
    return {"name": stage.name, "roles": list(stage.roles), "insecure": stage.insecure}


def _session(stage: "Stage", request: Request) -> Response:
    stage.signed_in = request.method == "POST" and stage.sent[-1][2]["token"] == "right"
    if stage.signed_in or request.method == "DELETE":
        return Response(status_code=204)
    return problem(401, "Not signed in", "nobody has this token")


def _overview(stage: "Stage", _: Request) -> Any:
    if stage.empty:
        return canned.nothing()
    return {**canned.overview(stage.images), "rounds": stage.rounds.all()}


def _overview_events(stage: "Stage", request: Request) -> Response:
    return events(stage, "overview", lambda: _overview(stage, request))


def _matrix(stage: "Stage", _: Request) -> Any:
    return problem(404, "Not found", "there is no contest yet") if stage.empty else canned.matrix()


def _ranking(stage: "Stage", request: Request) -> Any:
    start = int(request.query_params.get("page_token") or 0)
    if request.query_params.get("source", "camera-7") != "camera-7":
        return {"entries": [], "next_page_token": "", "contest": canned.contest("deeplab/1"), "revision": 1}
    known = {"contest": canned.contest(request.query_params["competitor"]), "revision": stage.revision}
    if stage.empty or request.query_params["class"] == "bird":
        return {"entries": [], "next_page_token": "", **known}
    more = str(start + 12) if start < 24 else ""
    return {"entries": canned.entries(start, 12, stage.revision), "next_page_token": more, **known}


def _ranking_events(stage: "Stage", request: Request) -> Response:
    def now() -> Any:
        ranking = _ranking(stage, request)
        return {"entries": ranking["entries"], "revision": ranking["revision"]}

    return events(stage, "ranking", now)


def _map(stage: "Stage", _: Request, image: str, model: str, number: str) -> Response:
    content = scenes.label_map(image, f"{model}/{number}")
    return Response(content, media_type="application/octet-stream", headers=MAX_AGE)


def _candidate_sets(stage: "Stage", request: Request) -> Any:
    sizes = [] if stage.empty else stage.candidates
    sets = [{**canned.candidate_set(), "id": f"{size:032x}", "size": size} for size in sizes]
    return _paged("candidate_sets", sets, request)


def _campaigns(stage: "Stage", request: Request) -> Any:
    before = {**canned.campaign("cancelled"), "id": canned.EARLIER}
    campaigns = [] if stage.empty else [canned.campaign(stage.campaign_state), *([before] if stage.earlier else [])]
    return _paged("campaigns", campaigns, request)


def _paged(name: str, items: list[Any], request: Request) -> Any:
    found, more = one_a_page(items, request.query_params.get("page_token", ""))
    return {name: found, "next_page_token": more}


def _campaign(stage: "Stage", *_: Any) -> Any:
    return canned.campaign(stage.campaign_state)


def _campaign_events(stage: "Stage", *_: Any) -> Response:
    return events(stage, "campaign", lambda: {"campaign": canned.campaign(stage.campaign_state)})


def _take(stage: "Stage", *_: Any) -> Any:
    count = stage.sent[-1][2]["count"]
    waiting = [number for number in range(stage.to_judge) if _assignment(number)["id"] not in stage.judged]
    taken = [] if stage.empty else [_assignment(number) for number in waiting[:count]]
    return {"assignments": taken, **_progress(stage)}


def _assignment(number: int) -> dict[str, Any]:
    names = {"id": f"{number:032x}", "image_id": scenes.image_id(number)}
    return {**names, "target": canned.TARGET, "leased_until": canned.ago(-15)}


def _progress(stage: "Stage") -> dict[str, Any]:
    return {"judged": len(stage.judged), "left": stage.to_judge - len(stage.judged)}


def _judge(stage: "Stage", _: Request, assignment: str) -> Any:
    if stage.refusing:
        return problem(409, "NotReady", "the image needs no further judgement")
    stage.judged[assignment] = stage.sent[-1][2]
    return _progress(stage)


def _undo(stage: "Stage", *_: Any) -> Any:
    if not stage.judged:
        return problem(404, "Not found", "there is nothing to undo")
    last = list(stage.judged)[-1]
    del stage.judged[last]
    return {"assignment": _assignment(int(last, 16))}


def _sets(stage: "Stage", *_: Any) -> Any:
    return canned.chosen() if stage.campaign_state == "closed" else problem(404, "Not found", "nothing is chosen yet")


def _same(make: Callable[[], Any]) -> Answer:
    """The same to everybody."""
    return lambda *_: make()


ANSWERS: dict[tuple[str, str], Answer] = {
    ("GET", "me"): _me,
    ("POST", "session"): _session,
    ("DELETE", "session"): _session,
    ("GET", "taxonomy"): lambda stage, *_: canned.taxonomy(stage.background),
    ("GET", "overview"): _overview,
    ("GET", "overview/events"): _overview_events,
    ("GET", "matrix"): _matrix,
    ("GET", "ranking"): _ranking,
    ("GET", "ranking/events"): _ranking_events,
    ("GET", "images/*/why"): lambda *given: canned.why(given[2]),
    ("GET", "images/*/maps"): _same(lambda: [{"version": name} for name in (canned.TARGET, *canned.COMPETITORS)]),
    ("GET", "images/*/maps/*/*"): _map,
    ("GET", "candidate-sets"): _candidate_sets,
    ("POST", "candidate-sets"): _same(canned.candidate_set),
    ("GET", "campaigns"): _campaigns,
    ("POST", "campaigns"): _campaign,
    ("GET", "campaigns/*"): _campaign,
    ("GET", "campaigns/*/events"): _campaign_events,
    ("POST", "campaigns/*/take"): _take,
    ("POST", "assignments/*/judgement"): _judge,
    ("POST", "assignments/return"): _same(lambda: {"returned": 0}),
    ("POST", "campaigns/*/undo"): _undo,
    ("GET", "campaigns/*/opinions"): _same(lambda: {"opinions": canned.opinions(), "next_page_token": ""}),
    ("GET", "campaigns/*/vetoes"): lambda stage, *_: canned.vetoes(stage.marked),
    ("POST", "campaigns/*/vetoes/revoke"): _same(lambda: {"revoked": 1}),
    ("GET", "campaigns/*/agreement"): lambda stage, *_: canned.agreement(stage.marked),
    ("POST", "campaigns/*/choose"): _same(canned.chosen),
    ("GET", "campaigns/*/sets"): _sets,
    ("POST", "campaigns/*/mask-tasks"): _same(lambda: {"created": 100, "present": 0}),
    ("GET", "mask-tasks"): _same(lambda: {"tasks": [], "next_page_token": ""}),
    ("GET", "ceiling"): _same(lambda: {"images": 5, "mean_iou": 0.874}),
}
"""By method and path; a star stands for one part of the path."""
