"""The headers of records: CloudEvents, and the trace that goes through all services."""

import re
from datetime import UTC, datetime

import pytest

from madseg.events import IMAGE_ACCEPTED, caused_by, event, tracing
from madseg.ports import Record

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-00"


def record(key: str, traceparent: str | None = PARENT) -> Record:
    """A record with a trace, or without one."""
    return Record("m.images", 0, 0, key, b"", {"traceparent": traceparent} if traceparent else {})


def trace(key: str = "a") -> str:
    """The traceparent of an event made now."""
    return event(IMAGE_ACCEPTED, "m.images", key, b"").headers["traceparent"]


def test_an_event_says_what_cloudevents_wants() -> None:
    """Every attribute that is required, in the binary mode of Kafka, and an id of its own."""
    made = [event(IMAGE_ACCEPTED, "m.images", "key", b"value") for _ in range(2)]
    headers = dict(made[0].headers)
    assert (made[0].topic, made[0].key, made[0].value) == ("m.images", "key", b"value")
    moment = datetime.fromisoformat(headers.pop("ce_time"))
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 600
    assert headers.pop("ce_id") != made[1].headers["ce_id"]
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", headers.pop("traceparent"))
    assert headers == {
        "ce_specversion": "1.0",
        "ce_source": "/m/gateway",
        "ce_type": "madseg.image.accepted",
        "ce_subject": "key",
        "content-type": "application/protobuf",
    }


def test_a_request_gives_its_trace_to_what_it_causes() -> None:
    """Flags too; each event is a step of its own."""
    with tracing(PARENT):
        first, second = trace("a"), trace("b")
    assert {first[:36], second[:36]} == {f"00-{TRACE}-"}
    assert {first[-3:], second[-3:]} == {"-00"}
    assert len({first, second, PARENT}) == 3
    assert TRACE not in trace()


@pytest.mark.parametrize(
    "wrong",
    [None, "", "nonsense", f"01-{TRACE}-00f067aa0ba902b7-00", f"00-{'0' * 32}-00f067aa0ba902b7-00", PARENT + "-x"],
)
def test_without_a_trace_one_begins(wrong: str | None) -> None:
    """A header that can't be read counts as none."""
    with tracing(wrong):
        assert re.fullmatch(r"00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-01", trace())


def test_a_record_gives_its_trace_to_events_of_its_key() -> None:
    """And to no other's; when the block has ended, to nobody's."""
    other = f"00-{'a' * 32}-00f067aa0ba902b7-01"
    with caused_by([record("a"), record("b", other), record("c", None)]):
        assert (trace("a")[3:35], trace("b")[3:35]) == (TRACE, "a" * 32)
        assert trace("c")[3:35] not in (TRACE, "a" * 32)
        assert trace("d")[3:35] not in (TRACE, "a" * 32)
    assert trace("a")[3:35] != TRACE
