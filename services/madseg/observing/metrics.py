"""Every figure that the services give to Prometheus, by its conventions: totals, seconds, bytes, and gauges.

Labels are bounded: kinds, methods, routes, workers, topics, and versions that serve. No image, person or run is one.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from madseg import __version__

REGISTRY = CollectorRegistry()
"""Of this process; several services in one process share it."""

ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_SHORT = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: of calls, transactions, publications."""

_LONG = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds: of what decodes a picture or runs a network."""

Info("madseg_build", "The release that runs", registry=REGISTRY).info({"version": __version__})

# Servers

GRPC_REQUESTS = Counter("madseg_grpc_requests", "gRPC calls that have ended", ["method", "code"], registry=REGISTRY)
GRPC_SECONDS = Histogram(
    "madseg_grpc_request_seconds",
    "Time of a gRPC call with one answer",
    ["method"],
    buckets=_SHORT,
    registry=REGISTRY,
)
GRPC_IN_FLIGHT = Gauge(
    "madseg_grpc_requests_in_flight", "gRPC calls under way, open streams among them", ["method"], registry=REGISTRY
)
HTTP_REQUESTS = Counter(
    "madseg_http_requests", "HTTP requests that have ended", ["method", "route", "code"], registry=REGISTRY
)
HTTP_SECONDS = Histogram(
    "madseg_http_request_seconds",
    "Time from an HTTP request to the beginning of its answer",
    ["method", "route"],
    buckets=_SHORT,
    registry=REGISTRY,
)
CERTIFICATE_END = Gauge(
    "madseg_tls_certificate_end_timestamp_seconds",
    "When the certificate that servers show ends, since the epoch",
    ["file"],
    registry=REGISTRY,
)

CALLS_REFUSED = Counter(
    "madseg_calls_refused",
    "Calls and requests that were too many: at once (calls, streams, bytes), a second (rate), of a source (cap)",
    ["reason"],
    registry=REGISTRY,
)
AUDIT_LOST = Counter("madseg_audit_lost", "Lines of the audit log that couldn't be written", registry=REGISTRY)

# The stream

STREAM_LAG = Gauge(
    "madseg_stream_lag_records", "Records that wait for a worker, as of its last poll", ["worker"], registry=REGISTRY
)
STREAM_POLL_AGE = Gauge(
    "madseg_stream_poll_age_seconds", "Time since a worker last asked for records", ["worker"], registry=REGISTRY
)
STREAM_RECORDS = Counter("madseg_stream_records", "Records a worker is through with", ["worker"], registry=REGISTRY)
STREAM_BATCH_SECONDS = Histogram(
    "madseg_stream_batch_seconds",
    "Time until a worker is through with a batch of records",
    ["worker"],
    buckets=(*_SHORT, 30.0, 60.0),
    registry=REGISTRY,
)
STREAM_PUBLISHED = Counter("madseg_stream_published_records", "Records published", ["topic"], registry=REGISTRY)
STREAM_PUBLISH_SECONDS = Histogram(
    "madseg_stream_publish_seconds",
    "Time until records are durable on the stream",
    ["topic"],
    buckets=_SHORT,
    registry=REGISTRY,
)
DEAD_LETTERS = Counter(
    "madseg_dead_letters", "Records set aside that no retry could help", ["worker"], registry=REGISTRY
)
WORK_FAILURES = Counter(
    "madseg_work_failures",
    "Failures of workers and chores: unavailable (a part was away, it is tried again) or defect",
    ["worker", "kind"],
    registry=REGISTRY,
)

# Databases

TRANSACTION_SECONDS = Histogram(
    "madseg_database_transaction_seconds",
    "Time of a transaction from its turn to its commit: write, beside (others) or snapshot",
    ["service", "kind"],
    buckets=_SHORT,
    registry=REGISTRY,
)
TRANSACTION_WAIT_SECONDS = Histogram(
    "madseg_database_wait_seconds",
    "Time that a transaction waits for its turn and a connection",
    ["service", "kind"],
    buckets=_SHORT,
    registry=REGISTRY,
)

# Gateway

INTAKE_IMAGES = Counter(
    "madseg_intake_images",
    "Uploads that were acknowledged: new, or duplicate (the same bytes were in already)",
    ["outcome"],
    registry=REGISTRY,
)
INTAKE_REFUSED = Counter(
    "madseg_intake_refused", "Uploads that were refused, by the kind of error", ["reason"], registry=REGISTRY
)
INTAKE_BYTES = Counter("madseg_intake_bytes", "Bytes of the uploads that were acknowledged", registry=REGISTRY)
INTAKE_SECONDS = Histogram(
    "madseg_intake_seconds",
    "Time from an upload to its acknowledgement or refusal",
    buckets=_LONG,
    registry=REGISTRY,
)

# Predictor

PREDICTION_SECONDS = Histogram(
    "madseg_prediction_seconds",
    "Time from asking a version about a picture to its answer",
    ["model", "version"],
    buckets=_LONG,
    registry=REGISTRY,
)
PREDICTION_FAILURES = Counter(
    "madseg_prediction_failures",
    "Pictures on which a version gave no answer: unavailable (it is asked again), failed, or late",
    ["model", "version", "kind"],
    registry=REGISTRY,
)
PREDICTIONS_IN_FLIGHT = Gauge(
    "madseg_predictions_in_flight",
    "Pictures that a version is being asked about",
    ["model", "version"],
    registry=REGISTRY,
)

# Selector

RANKED_IMAGES = Counter("madseg_selector_images", "Images that were seen for the first time", registry=REGISTRY)
LEADERS_ENTERED = Counter(
    "madseg_selector_leaders_entered",
    "Places that images took among the leaders of a ranking: how much rankings change",
    registry=REGISTRY,
)
