"""A gateway of our own for the pages: the static files under the same policy, canned answers, and knobs for trouble.

`with Stage() as stage:` serves on a free port; `stage.url` tells where. What the pages sent is in `stage.sent`.
"""

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.browser import answers, scenes, stage_masks, stage_rounds

STATIC = Path(__file__).parents[2] / "services" / "madseg" / "gateway" / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
ROLES = ("rater", "annotator", "reviewer", "operator", "admin")
answers.ANSWERS.update(stage_masks.ANSWERS)
answers.ANSWERS.update(stage_rounds.ANSWERS)


@dataclass
class Stage:
    """A running server; its fields may be changed while it runs."""

    name: str = "hopper"
    roles: tuple[str, ...] = ROLES
    signed_in: bool = True
    insecure: bool = False
    empty: bool = False
    failing: set[str] = field(default_factory=set)
    """Beginnings of paths that answer 503; "slow:" before one makes it wait for ever."""
    refusing: bool = False
    """Judgements are refused with 409."""
    marked: str = ""
    """Stands beside what people said, to be told as the text that it is."""
    background: int = 0
    """Its label; 255: the first class is a road."""
    to_judge: int = 30
    campaign_state: str = "open"
    earlier: bool = False
    """A campaign was cancelled before."""
    images: int = 48213
    candidates: list[int] = field(default_factory=lambda: [1186])
    """Sizes of the candidate sets, the newest first."""
    revision: int = 0
    sent: list[tuple[str, str, Any]] = field(default_factory=list)
    judged: dict[str, Any] = field(default_factory=dict)
    masks: stage_masks.MaskDesk = field(default_factory=stage_masks.MaskDesk)
    rounds: stage_rounds.RoundDesk = field(default_factory=stage_rounds.RoundDesk)
    url: str = ""

    def __enter__(self) -> Self:
        config = uvicorn.Config(_app(self), host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.005)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.should_exit = True
        self._thread.join()

    @property
    def stopping(self) -> bool:
        """Whether streams are to end."""
        return self._server.should_exit

    def reset(self) -> None:
        """Everything as it was at the beginning."""
        fresh, kept = Stage(), ("url",)
        for name in Stage.__dataclass_fields__:
            if name not in kept:
                setattr(self, name, getattr(fresh, name))

    def posted(self, path: str) -> list[Any]:
        """Bodies of what was sent to a path, oldest first."""
        return [body for _, where, body in self.sent if where == path]


def _app(stage: Stage) -> Starlette:
    async def api(request: Request) -> Response:
        path = request.path_params["path"]
        body = await request.body()
        if request.method != "GET":
            assert request.headers.get("x-madseg") == "1", "a change without the header against forgery"
            stage.sent.append((request.method, path, json.loads(body) if body[:1] in b"{[" and body else body))
        return await answers.answer(stage, request, path)

    async def picture(request: Request) -> Response:
        if "v1/images" in stage.failing:
            return Response(status_code=404)
        headers = {"cache-control": "max-age=3600"}
        make = stage.masks.picture if request.query_params.get("kind") == "original" else scenes.picture
        return Response(make(request.path_params["id"]), media_type="image/jpeg", headers=headers)

    async def page(request: Request) -> Response:
        return FileResponse(STATIC / "index.html", headers={"content-security-policy": POLICY})

    return Starlette(
        routes=[
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/api/{path:path}", api, methods=["GET", "POST", "PUT", "DELETE"]),
            Route("/v1/images/{id}/picture", picture),
            Route("/{path:path}", page),
        ]
    )
