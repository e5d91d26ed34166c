"""Watches an HTTP server: how many requests of each route ended with which status, and how soon they were answered."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from madseg.observing.metrics import HTTP_REQUESTS, HTTP_SECONDS

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Others are counted as OTHER: callers may send any word."""

ELSEWHERE = "none"
"""The route of what no route is for."""


class WatchedRequests:
    """An ASGI middleware. Routes are told by their templates, so that no id becomes a label."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status, after = time.perf_counter(), "gone", 0.0

        async def watched(message: Message) -> None:
            nonlocal status, after
            if message["type"] == "http.response.start":
                status, after = str(message["status"]), time.perf_counter() - begun
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "OTHER"
            route = route_of(scope)
            HTTP_REQUESTS.labels(method, route, status).inc()
            if after:
                HTTP_SECONDS.labels(method, route).observe(after)


def route_of(scope: Scope) -> str:
    """The template of the route that a request took; of a mounted application that had none for it, where that is."""
    template = getattr(scope.get("route"), "path", "")
    return f"{scope.get('root_path', '')}{template}" or ELSEWHERE
