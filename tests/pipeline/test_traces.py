"""An image's trace leads from its upload to its places in rankings."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from madseg.adapters.inference import open_inference
from madseg.observing.exposing import Exposed
from madseg.observing.tracing import recording
from tests.observing.scraping import scrape
from tests.pipeline.driving import accept, settled
from tests.pipeline.expected import Asked, served_rankings
from tests.pipeline.inside import Inside
from tests.pipeline.running import until
from tests.pipeline.world import COMPETITORS, TARGET, picture


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What is recorded, in memory instead of at a collector."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with recording(provider.get_tracer("test")):
        yield exporter
    provider.shutdown()


def of_image(spans: InMemorySpanExporter, image: str) -> list[ReadableSpan]:
    """The spans of an image's trace, each behind its parent."""
    finished = spans.get_finished_spans()
    (first,) = (span for span in finished if (span.attributes or {}).get("madseg.image") == image)
    trace = [span for span in finished if span.context.trace_id == first.context.trace_id]
    order = [first]
    for span in order:
        order += [item for item in trace if item.parent and item.parent.span_id == span.context.span_id]
    assert len(order) == len(trace), "a span follows from none of its trace"
    return order


def test_a_trace_leads_from_an_upload_to_the_rankings(
    settings: dict[str, str], tmp_path: Path, asked: Asked, spans: InMemorySpanExporter
) -> None:
    """Over the headers of records: one tree, in which every version is asked and every place stands."""
    inference = open_inference(f"onnxruntime:{settings['MADSEG_REPOSITORY']}")
    page = Exposed("127.0.0.1:0")
    page.start()
    before = scrape(page.url).exemplars.items()  # of other tests in this process
    with Inside(tmp_path / "inside", settings, inference) as client:
        images = accept(client, asked, [picture(seed) for seed in range(4)])
        settled(client, images)
        until(lambda: sum(span.name == "handle selector" for span in spans.get_finished_spans()) == 4)
        figures = scrape(page.url)
        places = served_rankings(client, COMPETITORS)
    page.stop()

    for image in images:
        tree = of_image(spans, image.image_id)
        names = [(span.name, span.kind) for span in tree]
        assert names[0] == ("upload image", SpanKind.SERVER)
        assert ("publish madseg.images", SpanKind.PRODUCER) in names
        assert ("handle live", SpanKind.CONSUMER) in names
        for model in (TARGET, *COMPETITORS):
            assert (f"ask {model}/1", SpanKind.CLIENT) in names
        assert ("publish madseg.predictions", SpanKind.PRODUCER) in names
        assert names[-1] == ("handle selector", SpanKind.CONSUMER)
        ranked = [event.attributes or {} for event in tree[-1].events if event.name == "ranked"]
        noted = sorted((str(place["madseg.competitor"]), place["madseg.discrepancy"]) for place in ranked)
        assert noted == sorted(
            (f"{competitor}/1", discrepancy)
            for (competitor, *_), entries in places.items()
            for discrepancy, image_id in entries
            if image_id == image.image_id
        )
    traces = {span.context.trace_id for span in spans.get_finished_spans()}
    led = {int(trace, 16) for _, trace in figures.exemplars.items() - before}
    assert led
    assert led <= traces
