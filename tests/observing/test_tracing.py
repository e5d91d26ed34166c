"""Traces go on without OpenTelemetry, and are recorded with it."""

import re

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from opentelemetry.trace import SpanKind, StatusCode

from madseg.core.errors import InvalidImage
from madseg.observing.exporting import exporting
from madseg.observing.tracing import (
    ANY,
    Step,
    about,
    begun,
    exemplar,
    parent_of,
    published,
    recording,
    steps,
    trace_id,
    trace_of,
)
from madseg.observing.uploading import uploading
from tests.observing.collector import collecting

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.mark.parametrize("text", ["", "00", f"01-{TRACE}-00f067aa0ba902b7-01", f"00-{'0' * 32}-00f067aa0ba902b7-01"])
def test_what_is_no_trace_begins_one(text: str) -> None:
    """Whatever a caller sent."""
    assert trace_of(text) is None
    with steps({ANY: Step(text)}):
        made = published("m.images", "a")
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", made)
    assert exemplar() is None


def test_work_about_one_of_several_stands_in_its_trace() -> None:
    """And outside of the block in none."""
    other = PARENT.replace("4bf9", "0000")
    with steps({"a": Step(PARENT), "b": Step(other)}):
        assert (parent_of("a"), parent_of("b"), parent_of("c"), trace_id()) == (PARENT, other, "", None)
        with about("b"):
            assert (parent_of(ANY), parent_of("a")) == (other, PARENT)
        with about("c"):
            assert parent_of(ANY) == ""
    assert parent_of("a") == ""


def test_steps_are_spans_while_they_are_recorded() -> None:
    """One follows from the other, and what is published from the last."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with recording(provider.get_tracer("test")), steps({ANY: Step(PARENT)}):
        with uploading(10) as upload:
            made = published("m.images", "a")
            assert exemplar() == {"trace_id": TRACE}
            upload.acknowledged("a", duplicate=False)
        with pytest.raises(InvalidImage), uploading(10):
            raise InvalidImage("it is truncated")
    sent, first, second = exporter.get_finished_spans()
    assert made == f"00-{TRACE}-{sent.context.span_id:016x}-01"
    assert sent.parent is not None
    assert (sent.parent.span_id, sent.kind) == (first.context.span_id, SpanKind.PRODUCER)
    assert first.parent is not None
    assert f"{first.parent.span_id:016x}" == PARENT[36:52]
    assert dict(first.attributes or {}) == {"madseg.bytes": 10, "madseg.image": "a", "madseg.duplicate": False}
    assert (second.status.status_code, second.status.description) == (
        StatusCode.ERROR, "InvalidImage: it is truncated",
    )  # fmt: skip
    assert begun("later", SpanKind.SERVER, PARENT, {}) == Step(PARENT)


def test_what_is_not_sampled_says_so_to_those_that_follow() -> None:
    """By the flags of the header; a trace that somebody else samples is gone on with."""
    provider = TracerProvider(sampler=ParentBased(ALWAYS_OFF), shutdown_on_exit=False)
    with recording(provider.get_tracer("test")):
        with steps({}):
            assert int(published("m.images", "a")[-2:], 16) % 2 == 0
            assert exemplar() is None
        with steps({ANY: Step(PARENT)}):
            assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", published("m.images", "a"))


def test_spans_are_sent_where_a_collector_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of an ended process too; without one nothing is recorded."""
    assert exporting("gateway", {"OTEL_SERVICE_NAME": "x"}) == []
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        (part,) = exporting("gateway")
        part.start()
        with uploading(10):
            published("m.images", "a")
        part.stop()
        assert sorted(collector.spans) == [("madseg-gateway", "publish m.images"), ("madseg-gateway", "upload image")]
        with uploading(10):
            pass
        assert len(collector.spans) == 2
