"""A collector of OpenTelemetry that keeps what it is sent."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)


class Collector(TraceServiceServicer):
    """Spans as they come, by (service, name)."""

    def __init__(self) -> None:
        self.address = ""
        self.spans: list[tuple[str, str]] = []

    def Export(self, request: Any, context: Any) -> Any:
        for sent in request.resource_spans:
            named = {item.key: item.value.string_value for item in sent.resource.attributes}
            spans = [span.name for scope in sent.scope_spans for span in scope.spans]
            self.spans += [(named["service.name"], name) for name in spans]
        return ExportTraceServiceResponse()


@contextmanager
def collecting() -> Iterator[Collector]:
    """One that runs."""
    collector = Collector()
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
        collector.address = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        yield collector
        server.stop(5).wait()
