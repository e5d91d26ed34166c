"""Intake over HTTP: decode, one call, encode. Errors are problem details (RFC 9457) that name the item."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from madseg import __version__
from madseg.core.errors import InvalidInput, MadsegError, TooMany, Unavailable
from madseg.events import TRACEPARENT, tracing
from madseg.gateway.accept import Intake
from madseg.gateway.http_body import read_parts, read_raw
from madseg.gateway.http_gate import HttpGate
from madseg.gateway.problems import answer, problem, refusal
from madseg.gateway.upload import Accepted, ImageUpload, shown
from madseg.gateway.web.application import Pages
from madseg.gateway.web.callers import Door
from madseg.observing.requests import WatchedRequests
from madseg.security.access import Role
from madseg.security.guarding import Guard, Guarding, guard
from madseg.security.touched import told

PARTS = 4
"""A form may be this many times as large as one file."""

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "source": {"type": "string"},
                        "captured_at": {"type": "string", "format": "date-time"},
                        "tags": {"type": "array", "items": {"type": "string"}},
                    },
                }
            },
        },
    }
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    201: {"description": "Taken in: image_id, duplicate (false), random_lane"},
    200: {"description": "These very bytes are in already: the same fields, duplicate is true"},
    207: {"description": "Several files: one result each, in order, with its own status"},
    400: {"description": "A field is wrong"},
    401: {"description": "No token, or one that nobody has"},
    403: {"description": "A token without the role for it"},
    410: {"description": "The image was forgotten for ever"},
    413: {"description": "More bytes or pixels than are taken"},
    415: {"description": "No image of a kind that is taken in"},
    422: {"description": "An image that is broken, truncated or animated"},
    429: {"description": "The caller calls too often; again after Retry-After seconds"},
    503: {"description": "Nothing was taken in; try again after Retry-After seconds"},
}


def create_app(
    intake: Intake,
    ready: Callable[[], None],
    pages: Pages | None = None,
    door: Door | None = None,
    guarded: Guard | None = None,
) -> FastAPI:
    """The web application. `ready` raises a MadsegError where uploads can't be taken now; `pages` are served too.

    `door` tells whose requests are taken; without it everybody's are, for an application inside of a test. `guarded`
    says how many, by default as the settings do.

    Its description is at /openapi.json; there are no pages that load scripts from elsewhere.
    """
    app = FastAPI(title="madseg intake", version=__version__, docs_url=None, redoc_url=None)
    limits = intake.policy.limits
    guarded = guarded or guard(Guarding())
    in_flight = guarded.crowd.bytes

    def takes(*roles: Role) -> Any:
        async def check(request: Request) -> None:
            if door is not None:
                door.admit(request, *roles)

        return Depends(check)

    @app.post(
        "/v1/images",
        status_code=201,
        responses=_RESPONSES,
        openapi_extra=_BODY,
        dependencies=[takes(Role.SOURCE, Role.OPERATOR)],
    )
    async def upload_image(
        request: Request,
        name: Annotated[str, Query(description="Name of the file, for messages")] = "",
        source: Annotated[str, Query(description="Where it comes from")] = "upload",
        captured_at: Annotated[str, Query(description="When it was taken, ISO 8601 with time zone")] = "",
        tags: Annotated[Sequence[str], Query(description="Free labels, name=value each")] = (),
    ) -> Response:
        """Takes pictures in: one as the body itself, or one or several as the parts `file` of a form."""
        with in_flight.hold() as hold:
            if request.headers.get("content-type", "").startswith("multipart/form-data"):
                form = await read_parts(request, PARTS * limits.max_bytes, hold)
                source, captured_at = form.source or source, form.captured_at or captured_at
                tags, files = (*tags, *form.tags), form.files
            else:
                files = ((name, await read_raw(request, limits.max_bytes, hold)),)
            moment, labels = _moment(captured_at), _tags(tags)
            uploads = [ImageUpload(content, file, source, moment, labels) for file, content in files]
            with tracing(request.headers.get(TRACEPARENT)):
                answers = [await _answer(intake, item, number) for number, item in enumerate(uploads, 1)]
        request.state.touched = told("image_ids", [item.body.get("image_id", "") for item in answers])
        if len(answers) == 1:
            return answers[0].response()
        return answer({"results": [{**item.body, "status": item.status} for item in answers]}, 207)

    @app.get("/v1/images/{image_id}", dependencies=[takes()])
    def get_image(image_id: str) -> dict[str, Any]:
        """What is known of an image."""
        return _image(intake, image_id)

    @app.get("/v1/images/{image_id}/picture", response_class=Response, dependencies=[takes()])
    def get_picture(image_id: str, kind: str = "canonical") -> Response:
        """The picture itself: `kind` is canonical (PNG on the grid) or original (the bytes as they came in)."""
        if kind not in {"canonical", "original"}:
            raise InvalidInput(f"kind must be canonical or original, got {kind!r}", field="kind")
        content, media_type = intake.picture(image_id, original=kind == "original")
        # A file from outside must never become a page of this host.
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
        return Response(content, media_type=media_type, headers=headers)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
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
    app.add_middleware(HttpGate, guarded=guarded)
    if pages:
        pages.mount(app)
    app.add_middleware(WatchedRequests)
    return app


class _Answer:
    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status, self.body = status, body

    def response(self) -> Response:
        return answer(self.body, self.status)


async def _answer(intake: Intake, upload: ImageUpload, number: int) -> _Answer:
    """The outcome of one file of a request."""
    name = shown(upload.name, f"file {number}")
    try:
        accepted = await run_in_threadpool(intake.upload, upload)
    except (InvalidInput, TooMany, Unavailable) as error:
        body = problem(error, name)
        return _Answer(body["status"], body)
    return _Answer(200 if accepted.duplicate else 201, _accepted(accepted, upload.name))


def _accepted(accepted: Accepted, name: str) -> dict[str, Any]:
    return {
        "image_id": accepted.image_id,
        "duplicate": accepted.duplicate,
        "random_lane": accepted.random_lane,
        "name": shown(name, ""),
    }


def _image(intake: Intake, image_id: str) -> dict[str, Any]:
    stored = intake.find(image_id)
    accepted, facts = stored.accepted, stored.accepted.image
    size, crop = accepted.original_size, accepted.crop
    return {
        "image_id": facts.image_id,
        "name": stored.name,
        "media_type": stored.media_type,
        "original_size": {"height": size.height, "width": size.width},
        "crop": {"left": crop.left, "top": crop.top, "width": crop.width, "height": crop.height},
        "grid_id": accepted.grid_id,
        "source": facts.source,
        "captured_at": facts.captured_at.isoformat(),
        "accepted_at": accepted.accepted_at.isoformat(),
        "tags": dict(facts.tags),
        "random_lane": facts.random_lane,
    }


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        # A plus sign in a query arrives as a blank unless it was escaped.
        return datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError as error:
        raise InvalidInput(
            f"captured_at must be like 2024-05-01T12:00:00Z, got {text!r}", field="captured_at"
        ) from error


def _tags(items: Sequence[str]) -> dict[str, str]:
    pairs = [item.partition("=") for item in items]
    for name, equals, _ in pairs:
        if not equals:
            raise InvalidInput(f"a tag must be name=value, got {name!r}", field="tags")
    return {name: value for name, _, value in pairs}


async def _failed(_: Request, error: Exception) -> Response:
    return refusal(error)
