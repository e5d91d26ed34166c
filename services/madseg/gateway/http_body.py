"""Bodies of requests, bounded while they are read: a limit for each and one for all that are held at once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.types import Message

from madseg.core.errors import InvalidInput, Unavailable
from madseg.gateway.decode import TooLarge
from madseg.security.crowd import Hold

MAX_FILES = 100
"""Files of one form."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The fields of a form that count, and (name, content) of its files."""

    source: str
    captured_at: str
    tags: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...]


async def read_raw(request: Request, limit: int, hold: Hold) -> bytes:
    """The body.

    Raises:
        TooLarge: more than `limit` bytes; found on the header where it says so, else as soon as they come.
        Busy: too much is held already.
    """
    content = bytearray()
    async for chunk in _bounded(request, limit, hold):
        content += chunk
    return bytes(content)


async def read_parts(request: Request, limit: int, hold: Hold) -> Parts:
    """The files named `file` of a form, and its other fields.

    Raises:
        TooLarge, Busy: as `read_raw`.
        InvalidInput: no file in it.
    """
    chunks = _bounded(request, limit, hold)

    async def receive() -> Message:
        chunk = await anext(chunks, b"")
        return {"type": "http.request", "body": chunk, "more_body": bool(chunk)}

    try:
        form = await Request(request.scope, receive).form(max_files=MAX_FILES, max_fields=MAX_FILES)
    except OSError as error:
        raise Unavailable(f"the form can't be kept for the moment: {error.strerror}") from error
    try:
        return await _parts(form)
    finally:
        await form.close()


async def _parts(form: FormData) -> Parts:
    files = [item for item in form.getlist("file") if isinstance(item, UploadFile)]
    if not files:
        raise InvalidInput("the form has no file: send it as the part named file", field="file")
    texts = {name: [item for item in form.getlist(name) if isinstance(item, str)] for name in form}
    return Parts(
        source=(texts.get("source") or [""])[0],
        captured_at=(texts.get("captured_at") or [""])[0],
        tags=tuple(texts.get("tags", [])),
        files=tuple([(item.filename or "", await item.read()) for item in files]),
    )


async def _bounded(request: Request, limit: int, hold: Hold) -> AsyncIterator[bytes]:
    claimed = request.headers.get("content-length", "")
    if claimed.isdigit() and int(claimed) > limit:
        raise TooLarge(f"the request has {claimed} bytes, at most {limit} are taken: make it smaller")
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"the request has more than {limit} bytes, which is all that is taken: make it smaller")
        if chunk:
            hold.take(len(chunk))
            yield chunk
