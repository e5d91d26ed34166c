"""Watches a gRPC server: how many calls of each method ended with which code, how long they took, how many go on."""

import inspect
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc

from madseg.observing.metrics import GRPC_IN_FLIGHT, GRPC_REQUESTS, GRPC_SECONDS
from madseg.observing.tracing import ANY, Step, steps

CANCELLED = "CANCELLED"

_ONE_ANSWER = ("unary_unary", "stream_unary")
_MANY_ANSWERS = ("unary_stream", "stream_stream")


class Watched(grpc.aio.ServerInterceptor):
    """Comes before the interceptor that translates errors, whose status codes it counts.

    Only methods of madseg that exist are labels; health checks and reflection aren't watched.
    """

    async def intercept_service(self, continuation: Any, details: Any) -> Any:
        handler = await continuation(details)
        if handler is None or not details.method.startswith("/madseg."):
            return handler
        for kind in (*_ONE_ANSWER, *_MANY_ANSWERS):
            behaviour = getattr(handler, kind)
            if behaviour is not None:
                timed, parent = kind in _ONE_ANSWER, _traceparent(details)
                return handler._replace(**{kind: _watched(behaviour, details.method, parent, timed=timed)})
        return handler


def _traceparent(details: Any) -> str:
    """The caller's place in a trace; "" where it says none."""
    return next((str(value) for name, value in details.invocation_metadata or () if name == "traceparent"), "")


class _Noting:
    """The context of a call, which notes what the call is aborted with: those of plain functions don't tell it."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.noted = "UNKNOWN"

    def abort(self, code: grpc.StatusCode, *rest: Any) -> Any:
        """Gives what the context gives: of a coroutine something to await."""
        self.noted = code.name
        return self._inner.abort(code, *rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def _watched(behaviour: Callable[..., Any], method: str, parent: str, *, timed: bool) -> Callable[..., Any]:
    """What a call does, watched. One with a single answer goes on with the caller's trace; what comes in a stream
    begins traces of its own, as it may be a million images."""
    if inspect.isasyncgenfunction(behaviour):

        async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
            with _counted(method, context, timed=timed) as noting:
                async for response in behaviour(request, noting):
                    yield response

        return stream
    if inspect.iscoroutinefunction(behaviour):

        async def coroutine(request: Any, context: Any) -> Any:
            with _counted(method, context, timed=timed) as noting, steps({ANY: Step(parent)}):
                return await behaviour(request, noting)

        return coroutine
    if inspect.isgeneratorfunction(behaviour):

        def generate(request: Any, context: Any) -> Iterator[Any]:
            with _counted(method, context, timed=timed) as noting:
                yield from behaviour(request, noting)

        return generate

    def call(request: Any, context: Any) -> Any:
        with _counted(method, context, timed=timed) as noting, steps({ANY: Step(parent)}):
            return behaviour(request, noting)

    return call


@contextmanager
def _counted(method: str, context: Any, *, timed: bool) -> Iterator[_Noting]:
    begun, noting = time.perf_counter(), _Noting(context)
    code = CANCELLED
    with GRPC_IN_FLIGHT.labels(method).track_inprogress():
        try:
            yield noting
            code = "OK"
        except Exception:
            code = noting.noted
            raise
        finally:
            GRPC_REQUESTS.labels(method, code).inc()
            if timed:
                GRPC_SECONDS.labels(method).observe(time.perf_counter() - begun)
