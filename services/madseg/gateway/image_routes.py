"""Images over HTTP: decode, one call, encode."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Path, Query, Request, Response

from madseg.core.errors import InvalidInput, TooMany, Unavailable
from madseg.events import TRACEPARENT, tracing
from madseg.gateway.accept import Intake
from madseg.gateway.http_body import MAX_FILES, read_parts, read_raw
from madseg.gateway.problems import answer, problem
from madseg.gateway.upload import MAX_TAGS, MAX_TEXT, Accepted, ImageUpload, shown
from madseg.security.access import Role
from madseg.security.crowd import Crowd
from madseg.security.touched import told

Responses = dict[int | str, dict[str, Any]]

PARTS = 4
"""A form may be this many times as large as one file."""

_SOURCE = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "pattern": r"^\P{C}+$"}
_MOMENT = {"type": "string", "anyOf": [{"format": "date-time"}, {"maxLength": 0}]}
_TAG = {"type": "string", "pattern": r"^[^=\p{C}]{1,200}=\P{C}{0,200}$"}
_TAGS = {"type": "array", "items": _TAG, "maxItems": MAX_TAGS}
"""As `upload.checked` takes them."""

_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {
            "type": "array",
            "items": {"type": "string", "format": "binary"},
            "minItems": 1,
            "maxItems": MAX_FILES,
        },
        "source": _SOURCE,
        "captured_at": _MOMENT,
        "tags": _TAGS,
    },
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {"schema": _FORM},
        },
    }
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "item": {"type": "string", "description": "The file at fault"},
        "field": {"type": "string", "description": "The field at fault"},
        "retry_after": {"type": "integer", "description": "Seconds"},
    },
}


def _problems(**said: str) -> Responses:
    """Refusals by what their status, after an underscore, means."""
    content = {"application/problem+json": {"schema": _PROBLEM}}
    return {int(status[1:]): {"description": words, "content": content} for status, words in said.items()}


_ALWAYS = _problems(
    _400="A field is wrong",
    _401="No token, or one that nobody has",
    _403="A token without the role for it",
    _429="The caller calls too often; again after Retry-After seconds",
    _503="Too much to do, or a server is away: again after Retry-After seconds; nothing was taken in",
)
_UPLOADED: Responses = {
    201: {"description": "Taken in: image_id, duplicate (false), random_lane"},
    200: {"description": "These very bytes are in already: the same fields, duplicate is true"},
    207: {"description": "Several files: one result each, in order, with its own status"},
    **_ALWAYS,
    **_problems(
        _408="The rest of the request took too long to come",
        _410="The image was forgotten for ever",
        _413="More bytes or pixels than are taken",
        _415="No image of a kind that is taken in",
        _422="An image that is broken, truncated or animated",
    ),
}
_FOUND: Responses = {**_ALWAYS, **_problems(_404="There is no such image", _422="The path can't be read")}
_PICTURE: Responses = {
    200: {"description": "The picture", "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}},
    **_FOUND,
}

ImageId = Annotated[str, Path(json_schema_extra={"pattern": "^[0-9a-f]{32}$"})]
Kind = Annotated[str, Query(json_schema_extra={"enum": ["canonical", "original"]})]
Source = Annotated[str, Query(description="Where it comes from", json_schema_extra=_SOURCE)]
Moment = Annotated[
    str, Query(description="When it was taken, ISO 8601 with time zone; empty: now", json_schema_extra=_MOMENT)
]
Tags = Annotated[Sequence[str], Query(description="Free labels, name=value each", json_schema_extra=_TAGS)]


def image_routes(intake: Intake, crowd: Crowd, takes: Callable[..., Any]) -> APIRouter:
    """The routes, which have room in `crowd`; `takes` makes a dependency of roles."""
    router, limits = APIRouter(), intake.policy.limits
    # Uploads wait in threads of their own, for a decoder or for servers that are away: pictures never wait for them.
    threads = CapacityLimiter(crowd.calls.limit)

    @router.post(
        "/v1/images",
        status_code=201,
        responses=_UPLOADED,
        openapi_extra=_BODY,
        dependencies=[takes(Role.SOURCE, Role.OPERATOR)],
    )
    async def upload_image(
        request: Request,
        name: Annotated[str, Query(description="Name of the file, for messages")] = "",
        source: Source = "upload",
        captured_at: Moment = "",
        tags: Tags = (),
    ) -> Response:
        """Takes pictures in: one as the body itself, or one or several as the parts `file` of a form."""
        with crowd.bytes.hold() as hold:
            if request.headers.get("content-type", "").startswith("multipart/form-data"):
                form = await read_parts(request, PARTS * limits.max_bytes, hold)
                source, captured_at = form.source or source, form.captured_at or captured_at
                tags, files = (*tags, *form.tags), form.files
            else:
                files = ((name, await read_raw(request, limits.max_bytes, hold)),)
            moment, labels = _moment(captured_at), _tags(tags)
            uploads = [ImageUpload(content, file, source, moment, labels) for file, content in files]
            with tracing(request.headers.get(TRACEPARENT)):
                answers = [await _answer(intake, item, number, threads) for number, item in enumerate(uploads, 1)]
        request.state.touched = told("image_ids", [item.body.get("image_id", "") for item in answers])
        if len(answers) == 1:
            return answers[0].response()
        return answer({"results": [{**item.body, "status": item.status} for item in answers]}, 207)

    @router.get("/v1/images/{image_id}", responses=_FOUND, dependencies=[takes()])
    def get_image(image_id: ImageId) -> dict[str, Any]:
        """What is known of an image."""
        return _image(intake, image_id)

    @router.get("/v1/images/{image_id}/picture", response_class=Response, responses=_PICTURE, dependencies=[takes()])
    def get_picture(image_id: ImageId, kind: Kind = "canonical") -> Response:
        """The picture itself: `kind` is canonical (PNG on the grid) or original (the bytes as they came in)."""
        if kind not in {"canonical", "original"}:
            raise InvalidInput(f"kind must be canonical or original, got {kind!r}", field="kind")
        content, media_type = intake.picture(image_id, original=kind == "original")
        # A file from outside must never become a page of this host.
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
        return Response(content, media_type=media_type, headers=headers)

    return router


class _Answer:
    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status, self.body = status, body

    def response(self) -> Response:
        return answer(self.body, self.status)


async def _answer(intake: Intake, upload: ImageUpload, number: int, threads: CapacityLimiter) -> _Answer:
    """The outcome of one file of a request."""
    name = shown(upload.name, f"file {number}")
    try:
        accepted = await to_thread.run_sync(intake.upload, upload, limiter=threads)
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
