"""The gateway's web application: intake, health, and the pages. Errors are problem details (RFC 9457)."""

from collections.abc import Callable
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from madseg import __version__
from madseg.core.errors import MadsegError
from madseg.gateway.accept import Intake
from madseg.gateway.http_gate import HttpGate
from madseg.gateway.http_patience import PIECE_SECONDS
from madseg.gateway.image_routes import image_routes
from madseg.gateway.problems import refusal
from madseg.gateway.web.application import Pages
from madseg.gateway.web.callers import Door
from madseg.observing.requests import WatchedRequests
from madseg.security.access import Role
from madseg.security.guarding import Guard, Guarding, guard


def create_app(
    intake: Intake,
    ready: Callable[[], None],
    pages: Pages | None = None,
    door: Door | None = None,
    guarded: Guard | None = None,
    patience: float = PIECE_SECONDS,
) -> FastAPI:
    """The web application. `ready` raises a MadsegError where uploads can't be taken now; `pages` are served too.

    `door` tells whose requests are taken; without it everybody's are, for an application inside of a test. `guarded`
    says how many, by default as the settings do; `patience` how many seconds a piece of a body may take.

    Its description is at /openapi.json; there are no pages that load scripts from elsewhere.
    """
    app = FastAPI(title="madseg intake", version=__version__, docs_url=None, redoc_url=None)
    guarded = guarded or guard(Guarding())

    def takes(*roles: Role) -> Any:
        async def check(request: Request) -> None:
            if door is not None:
                door.admit(request, *roles)

        return Depends(check)

    app.include_router(image_routes(intake, guarded.crowd, takes))

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @app.get("/readyz")
    def readyz() -> dict[str, str]:
        """Uploads can be taken now."""
        ready()
        return {"status": "ready"}

    app.add_exception_handler(MadsegError, _failed)
    app.add_exception_handler(HTTPException, _failed)
    app.add_exception_handler(ClientDisconnect, _failed)
    app.add_middleware(HttpGate, guarded=guarded, patience=patience)
    if pages:
        pages.mount(app)
    app.add_middleware(WatchedRequests)
    return app


async def _failed(_: Request, error: Exception) -> Response:
    return refusal(error)
