"""Lines of the log lead to traces."""

import json
from collections.abc import Iterator

import pytest
import structlog

from madseg.core.errors import Poison
from madseg.observing.tracing import ANY, Step, steps
from madseg.ports import Outgoing
from madseg.runtime import configure_logging
from tests.contracts.fakes import FakeStream
from tests.pipeline.running import until
from tests.runtime.test_worker import DEAD, TOPIC, Basket, Failing, committed, worker

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture(autouse=True)
def _json() -> Iterator[None]:
    """As a service logs."""
    before = structlog.get_config()
    configure_logging(json=True)
    yield
    structlog.configure(**before)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    """What was logged."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_about_an_image_stands_in_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    """Of several under way it is the one that the line names; a line of a request stands in the request's."""
    log = structlog.get_logger("test")
    with steps({"a": Step(PARENT.replace("4bf9", "0000")), "b": Step(PARENT)}):
        log.warning("prediction_failed", image="b", reason="noise")
        log.info("batch")
    with steps({ANY: Step(PARENT)}):
        log.info("asked")
    log.info("idle")
    assert [line.get("trace_id") for line in lines(capsys)] == [TRACE, None, TRACE, None]


def test_a_dead_letter_names_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    """By which its image's upload is found."""
    stream = FakeStream()
    for topic in (TOPIC, DEAD):
        stream.create(topic)
    stream.publish([Outgoing(TOPIC.name, "a", b"bad", {"traceparent": PARENT})])
    it = worker(stream, Basket({b"bad": Failing(Poison("rotten"))}))
    it.start()
    until(lambda: committed(stream) == 1)
    it.stop()
    (line,) = lines(capsys)
    assert (line["event"], line["key"], line["trace_id"]) == ("dead_letter", "a", TRACE)
