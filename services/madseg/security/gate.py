"""What stands before every method of a gRPC server: who may call it, how often, whether there is room; and what is
noted of the call.

Whoever may not, and whoever comes when there is no room, is refused before the request is read.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any

import grpc

from madseg.core.errors import Busy, MadsegError
from madseg.observing.tracing import trace_of
from madseg.security.access import Principal
from madseg.security.admission import Admission
from madseg.security.audit import Event, changes
from madseg.security.crowd import Hold, Room
from madseg.security.guarding import Guard
from madseg.security.touched import touched

KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")

OK, CANCELLED = "OK", "CANCELLED"


@dataclass(frozen=True)
class _Call:
    """A call that has come: `who` is None where nobody is asked or knows; `known` says that they gave a name, `room`
    where the call has its place, `trace` to which trace it belongs."""

    method: str
    who: Principal | None
    known: bool
    room: Room
    trace: str | None


@dataclass
class _Visit:
    """A call that is inside: from which address, what it holds of the room for bytes, and what it touched."""

    peer: str
    held: Hold
    touched: dict[str, object] = field(default_factory=dict)
    items: int = 0

    def take(self, request: Any) -> Any:
        """The one request, held until the call has ended."""
        self.held.take(request.ByteSize())
        self.touched |= touched(request)
        return request

    def each(self, requests: Any) -> Any:
        """The requests of a stream, of which one at a time is held."""
        return self._later(requests) if isinstance(requests, AsyncIterator) else self._now(requests)

    async def _later(self, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for request in requests:
            self._next(request)
            yield request
            self.held.become(0)

    def _now(self, requests: Iterator[Any]) -> Iterator[Any]:
        for request in requests:
            self._next(request)
            yield request
            self.held.become(0)

    def _next(self, request: Any) -> None:
        self.held.become(request.ByteSize())
        self.items += 1
        self.touched["items"] = self.items

    def answered(self, answer: Any) -> Any:
        """The answer."""
        self.touched |= touched(answer)
        return answer


class Gate(grpc.aio.ServerInterceptor):
    """Comes behind what translates errors; `code` tells which code an error becomes. Health and reflection pass, so
    that a busy server isn't taken for a dead one.

    Plain functions with one request run in `pool`, and keep their place until they have ended, even where whoever
    called is gone.
    """

    def __init__(
        self, pool: Executor, admission: Admission | None, guard: Guard, code: Callable[[BaseException], str]
    ) -> None:
        self._pool, self._admission, self._guard, self._code = pool, admission, guard, code

    async def intercept_service(self, continuation: Any, details: Any) -> Any:
        handler = await continuation(details)
        if handler is None or not details.method.startswith("/madseg."):
            return handler
        metadata = details.invocation_metadata or ()
        who: Principal | None = None
        room = self._guard.crowd.streams if handler.response_streaming else self._guard.crowd.calls
        said = {key: value for key, value in metadata if key in {"authorization", "traceparent"}}
        trace = trace_of(str(said.get("traceparent", "")))

        def call() -> _Call:
            return _Call(details.method, who, who is not None and "authorization" in said, room, trace)

        try:
            if self._admission is not None:
                who = self._admission.identify(metadata)
                self._admission.allow(details.method, who)
            room.check()
        except MadsegError as error:
            return self._refusing(call(), error, handler)
        kind = next(kind for kind in KINDS if getattr(handler, kind) is not None)
        return handler._replace(**{kind: self._gated(getattr(handler, kind), call(), kind)})

    def _refusing(self, call: _Call, error: MadsegError, handler: Any) -> Any:
        """A method that raises without reading a request: to gRPC it is one that takes a stream of them."""

        async def stream(_requests: Any, context: Any) -> AsyncIterator[Any]:
            self._refuse(call, error, context)
            yield

        async def answer(_requests: Any, context: Any) -> Any:
            self._refuse(call, error, context)

        refusal = {"stream_stream": stream} if handler.response_streaming else {"stream_unary": answer}
        return handler._replace(**{"request_streaming": True, **dict.fromkeys(KINDS), **refusal})

    def _refuse(self, call: _Call, error: MadsegError, context: Any) -> None:
        peer = host_of(context.peer())
        if not isinstance(error, Busy):
            self._count(call, peer)
        self._note(call, peer, self._code(error), {})
        raise error

    def _count(self, call: _Call, peer: str) -> None:
        """Raises TooMany where the caller, or whoever nobody knows at that address, calls too often."""
        self._guard.rates.take(call.who.name if call.who and call.known else peer)

    def _note(self, call: _Call, peer: str, code: str, found: dict[str, object]) -> None:
        event = Event(call.method, call.who, peer, code, found, call.trace)
        self._guard.audit.note(event, changing=changes(call.method))

    @contextmanager
    def _place(self, call: _Call, context: Any) -> Iterator[_Visit]:
        """A block that has a place.

        Raises:
            TooMany: there is none, or the caller calls too often.
        """
        peer = host_of(context.peer())
        self._count(call, peer)
        with call.room.hold() as place, self._guard.crowd.bytes.hold() as held:
            place.take(1)
            yield _Visit(peer, held)

    @contextmanager
    def _inside(self, call: _Call, context: Any) -> Iterator[_Visit]:
        """A block that has a place, and that is noted when it ends."""
        with self._place(call, context) as visit:
            code = CANCELLED
            try:
                yield visit
                code = OK
            except Exception as error:
                code = self._code(error)
                raise
            finally:
                self._note(call, visit.peer, code, visit.touched)

    def _gated(self, behaviour: Callable[..., Any], call: _Call, kind: str) -> Callable[..., Any]:
        def given(visit: _Visit, request: Any) -> Any:
            return visit.each(request) if kind.startswith("stream") else visit.take(request)

        async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
            with self._inside(call, context) as visit:
                async for response in behaviour(given(visit, request), context):
                    yield response

        async def coroutine(request: Any, context: Any) -> Any:
            with self._inside(call, context) as visit:
                return visit.answered(await behaviour(given(visit, request), context))

        def generate(request: Any, context: Any) -> Iterator[Any]:
            with self._inside(call, context) as visit:
                yield from behaviour(given(visit, request), context)

        def plain(request: Any, context: Any) -> Any:
            with self._inside(call, context) as visit:
                return visit.answered(behaviour(given(visit, request), context))

        if inspect.isasyncgenfunction(behaviour):
            return stream
        if inspect.iscoroutinefunction(behaviour):
            return coroutine
        if inspect.isgeneratorfunction(behaviour):
            return generate
        return self._pooled(behaviour, call) if kind == "unary_unary" else plain

    def _pooled(self, behaviour: Callable[..., Any], call: _Call) -> Callable[..., Any]:
        """A function in the pool, which has its place from when it waits for a thread of it."""

        async def pooled(request: Any, context: Any) -> Any:
            with ExitStack() as stack:
                visit = stack.enter_context(self._place(call, context))
                working = self._pool.submit(copy_context().run, behaviour, visit.take(request), context)
                place = stack.pop_all()

            def ended(done: Future[Any]) -> None:
                place.close()
                self._note(call, visit.peer, self._ended(done, visit), visit.touched)

            working.add_done_callback(ended)
            return await asyncio.wrap_future(working)

        return pooled

    def _ended(self, done: Future[Any], visit: _Visit) -> str:
        """With which code."""
        if done.cancelled():
            return CANCELLED
        error = done.exception()
        if error is not None:
            return self._code(error)
        visit.answered(done.result())
        return OK


def host_of(peer: str) -> str:
    """The address in gRPC's name of a peer, such as `ipv4:10.0.0.7:51234`."""
    return peer.partition(":")[2].rpartition(":")[0] or peer
