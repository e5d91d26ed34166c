"""The traces that this thread works for, and their spans where OpenTelemetry is on.

A trace goes by its W3C `traceparent`: from a request over the headers of records to the records that follow from them.
That works without OpenTelemetry too. With it each step is a span, and spans are sent to a collector.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

ANY = ""
"""In place of a key: the trace of whatever has none of its own."""

_WELL_FORMED = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Step:
    """Where work stands in a trace: "" outside of any. `span` is None where OpenTelemetry is off."""

    traceparent: str
    span: Span | None = None


_steps: ContextVar[Mapping[str, Step]] = ContextVar("steps", default={})  # noqa: B039 (never changed in place)

_tracers: list[Tracer] = []
"""What makes spans; the last one counts, and none is off."""


@contextmanager
def recording(tracer: Tracer) -> Iterator[None]:
    """In this block, in all threads, steps are spans of a tracer."""
    _tracers.append(tracer)
    try:
        yield
    finally:
        _tracers.remove(tracer)


def is_recording() -> bool:
    """True while steps are spans."""
    return bool(_tracers)


def parent_of(key: str) -> str:
    """The traceparent that work about a key follows from; "" for none."""
    steps = _steps.get()
    step = steps.get(key) or steps.get(ANY)
    return "" if step is None else step.traceparent


def trace_id(key: str = ANY) -> str | None:
    """The id of the trace that work about a key belongs to, 32 hexadecimal digits."""
    return trace_of(parent_of(key))


def trace_of(traceparent: str) -> str | None:
    """The id of a trace."""
    found = _WELL_FORMED.fullmatch(traceparent)
    return found.group(1) if found else None


def exemplar(key: str = ANY) -> dict[str, str] | None:
    """By which a figure leads to a trace that was recorded; None where none was."""
    steps = _steps.get()
    step = steps.get(key) or steps.get(ANY)
    if step is None or step.span is None or not step.span.is_recording():
        return None
    return {"trace_id": step.traceparent[3:35]}


@contextmanager
def steps(taken: Mapping[str, Step]) -> Iterator[None]:
    """A block that works for these, by key. An error is noted at their spans, which end with it."""
    token = _steps.set(taken)
    try:
        yield
    except BaseException as error:
        for step in taken.values():
            if step.span is not None:
                step.span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"[:500]))
        raise
    finally:
        _steps.reset(token)
        for step in taken.values():
            if step.span is not None:
                step.span.end()


def begun(name: str, kind: SpanKind, parent: str, attributes: Mapping[str, str | int]) -> Step:
    """A step that follows from `parent`, or begins a trace. Where OpenTelemetry is off it is the parent's own."""
    if not _tracers:
        return Step(parent)
    span = _tracers[-1].start_span(name, set_span_in_context(_remote(parent)), kind, attributes)
    return Step(_traceparent(span), span)


@contextmanager
def about(key: str) -> Iterator[None]:
    """A block that works for one of several keys: what it does without naming one belongs to that one's trace."""
    taken = _steps.get()
    token = _steps.set({**taken, ANY: taken.get(key) or taken.get(ANY) or Step("")})
    try:
        yield
    finally:
        _steps.reset(token)


def published(topic: str, key: str) -> str:
    """The traceparent of a record that is published now: a step of its own in the trace of its key, or a new trace."""
    parent = parent_of(key)
    if _tracers:
        attributes = {"messaging.system": "madseg", "messaging.destination.name": topic, "madseg.key": key}
        step = begun(f"publish {topic}", SpanKind.PRODUCER, parent, attributes)
        if step.span is not None:
            step.span.end()
        return step.traceparent
    found = _WELL_FORMED.fullmatch(parent)
    trace, flags = (found.group(1), found.group(3)) if found else (secrets.token_hex(16), "01")
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"


def noted(key: str, name: str, attributes: Mapping[str, str | int | float]) -> None:
    """Notes at the span of a key what has happened; does nothing where there is none."""
    step = _steps.get().get(key)
    if step is not None and step.span is not None:
        step.span.add_event(name, attributes)


def _remote(parent: str) -> Span:
    """What a span follows from; an invalid one begins a trace."""
    found = _WELL_FORMED.fullmatch(parent)
    if found is None:
        return NonRecordingSpan(SpanContext(0, 0, is_remote=True))
    trace, span, flags = (int(part, 16) for part in found.groups())
    return NonRecordingSpan(SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(flags)))


def _traceparent(span: Span) -> str:
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
