"""How many HTTP requests are answered at once, and what is noted of them: more are refused before anything of them is
read."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from madseg.core.errors import Busy
from madseg.events import TRACEPARENT
from madseg.gateway.http_patience import PIECE_SECONDS, Patient
from madseg.gateway.problems import refusal
from madseg.observing.requests import METHODS, route_of
from madseg.observing.tracing import trace_of
from madseg.security.audit import Event
from madseg.security.guarding import Guard
from madseg.security.touched import of_path

HEALTH = frozenset({"/healthz", "/readyz"})
"""These pass, so that a busy server isn't taken for a dead one."""

HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""


class HttpGate:
    """An ASGI middleware. Who calls is what the routes leave in `request.state.principal`, and what they touched, where
    the path doesn't say it, in `request.state.touched`.

    A stream of events has its place only until it begins, so that pages that listen can't starve requests; how many
    may listen is bounded where they do. A body that takes longer than `patience`, in seconds, is refused.
    """

    def __init__(self, app: ASGIApp, guarded: Guard, patience: float = PIECE_SECONDS) -> None:
        self._app, self._room, self._audit = app, guarded.crowd.calls, guarded.audit
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in HEALTH:
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})  # before an inner application copies the scope
        with self._room.hold() as place:
            try:
                place.take(1)
            except Busy as error:
                await refusal(error)(scope, receive, send)
                return
            code = "gone"

            async def watched(message: Message) -> None:
                nonlocal code
                if message["type"] == "http.response.start":
                    code = str(message["status"])
                    if _streams(message):
                        place.become(0)
                await send(message)

            try:
                await self._app(scope, Patient(receive, self._patience), watched)
            finally:
                self._audit.note(_event(scope, code), changing=scope["method"] not in HARMLESS)


def _event(scope: Scope, code: str) -> Event:
    method = scope["method"] if scope["method"] in METHODS else "OTHER"
    state, client = scope["state"], scope.get("client")
    found = {**of_path(scope.get("path_params", {})), **state.get("touched", {})}
    trace = trace_of(Headers(scope=scope).get(TRACEPARENT, ""))
    return Event(f"{method} {route_of(scope)}", state.get("principal"), client[0] if client else "", code, found, trace)


def _streams(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/event-stream")
