"""The pages' own files: under /static, and the one page that every other path shows."""

from pathlib import Path, PurePosixPath

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.routing import Match
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parents[1] / "static"

KEPT = "no-cache"
"""Kept, and asked about each time: by its ETag an unchanged file isn't sent again, a changed one is seen at once."""

_TAKEN = {"api", "v1", "static"}


class Files(StaticFiles):
    """The files of a folder; nothing outside it, and no hidden ones."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if any(part.startswith(".") for part in PurePosixPath(path).parts):
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = KEPT
        return response


def mount_files(app: FastAPI, folder: Path = STATIC) -> None:
    """Adds the files to an application whose other routes are there already."""
    app.mount("/static", Files(directory=folder))

    @app.get("/{path:path}", include_in_schema=False)
    async def get_page(request: Request, path: str) -> Response:
        """The page finds out by its address what to show. What looks like a file isn't one of its addresses."""
        parts = PurePosixPath(path).parts
        if parts and parts[0] == "v1" and (others := _methods(app, request.scope)):
            raise HTTPException(405, headers={"Allow": ", ".join(others)})
        if parts and (parts[0] in _TAKEN or "." in parts[-1]):
            raise HTTPException(404)
        return FileResponse(folder / "index.html", headers={"Cache-Control": KEPT})


def _methods(app: FastAPI, scope: Scope) -> list[str]:
    """By which methods that change something a path is there."""
    return [
        method
        for method in ("DELETE", "PATCH", "POST", "PUT")
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in app.routes)
    ]
