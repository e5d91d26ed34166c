"""Sends spans to an OpenTelemetry collector, where the environment names one by OpenTelemetry's own variables."""

import os
from collections.abc import Mapping
from contextlib import ExitStack

from madseg import __version__
from madseg.observing.tracing import recording

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Any of them turns traces on. Protocol gRPC; sampling by OTEL_TRACES_SAMPLER."""

LAST_SECONDS = 5.0
"""How long a stop waits for spans to be sent."""


class Exporting:
    """A part of a process: while it runs, what the process does is recorded as spans of `service`."""

    def __init__(self, service: str) -> None:
        self._service, self._held = service, ExitStack()

    def start(self) -> None:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource.create({"service.name": f"madseg-{self._service}", "service.version": __version__})
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._held.callback(provider.shutdown)
        self._held.callback(provider.force_flush, int(LAST_SECONDS * 1000))
        self._held.enter_context(recording(provider.get_tracer("madseg", __version__)))

    def stop(self) -> None:
        self._held.close()


def exporting(service: str, environment: Mapping[str, str] = os.environ) -> list[Exporting]:
    """The part that sends spans; none where no collector is named."""
    return [Exporting(service)] if any(environment.get(name) for name in ENDPOINTS) else []
