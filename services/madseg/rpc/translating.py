"""Around every method of ours: requests that can't be read are refused, and errors go out as statuses."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from madseg.core.errors import InvalidInput, Unavailable
from madseg.rpc.statuses import status_of
from madseg.security.gate import KINDS

LAST_ANSWER_SECONDS = 0.5
"""How long a stop waits for a stream's next answer; then the stream ends, as it may have none for hours."""


class Translate(grpc.aio.ServerInterceptor):
    """Errors become statuses; streams end with UNAVAILABLE when the server stops."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping

    async def intercept_service(self, continuation: Any, details: Any) -> Any:
        handler = await continuation(details)
        if handler is None or not details.method.startswith("/madseg."):
            return handler
        for kind in KINDS:
            behaviour = getattr(handler, kind)
            if behaviour is not None:
                guarded = _guarded(behaviour, details.method, self._stopping)
                return handler._replace(request_deserializer=_reader(handler.request_deserializer), **{kind: guarded})
        return handler


def _guarded(behaviour: Callable[..., Any], method: str, stopping: asyncio.Event) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(behaviour):

        async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
            try:
                async for response in _until(behaviour(_read(request), context), stopping):
                    yield response
            except Exception as error:
                await context.abort(*status_of(error, method))

        return stream
    if inspect.iscoroutinefunction(behaviour):

        async def coroutine(request: Any, context: Any) -> Any:
            try:
                return await behaviour(_read(request), context)
            except Exception as error:
                await context.abort(*status_of(error, method))

        return coroutine
    if inspect.isgeneratorfunction(behaviour):

        def generate(request: Any, context: Any) -> Iterator[Any]:
            try:
                yield from behaviour(_read(request), context)
            except Exception as error:
                context.abort(*status_of(error, method))

        return generate

    def call(request: Any, context: Any) -> Any:
        try:
            return behaviour(_read(request), context)
        except Exception as error:
            context.abort(*status_of(error, method))

    return call


_GARBLED = object()
"""Stands for a request that is no message of its method's type: gRPC itself would answer UNKNOWN."""


def _reader(parse: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def read(data: bytes) -> Any:
        try:
            return parse(data)
        except DecodeError:
            return _GARBLED

    return read


def _read(request: Any) -> Any:
    """The request, or the stream of them.

    Raises:
        InvalidInput: it can't be read; a stream raises it when it comes to such a one.
    """
    if isinstance(request, AsyncIterator):
        return _read_each(request)
    if isinstance(request, Iterator):
        return map(_read, request)
    if request is _GARBLED:
        raise InvalidInput("the request is cut off, or no message of the type that this method takes")
    return request


async def _read_each(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for request in requests:
        yield _read(request)


async def _until(answers: AsyncIterator[Any], stopping: asyncio.Event) -> AsyncIterator[Any]:
    """The answers until the server stops.

    Raises:
        Unavailable: it stops.
    """
    stopped = asyncio.ensure_future(stopping.wait())
    answer = asyncio.ensure_future(anext(answers))
    try:
        while True:
            await asyncio.wait({answer, stopped}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({answer}, timeout=LAST_ANSWER_SECONDS)
            if answer.done():
                yield answer.result()
            if stopping.is_set():
                raise Unavailable("the server stops: ask again in a moment")
            answer = asyncio.ensure_future(anext(answers))
    except StopAsyncIteration:
        return
    finally:
        stopped.cancel()
        answer.cancel()
