"""Queries of Prometheus held against the figures that the code declares."""

import re

from prometheus_client.metrics import MetricWrapperBase

from madseg.finetune import figures as finetune
from madseg.labelling import figures as labelling
from madseg.observing import metrics
from madseg.observing.metrics import REGISTRY
from madseg.observing.readings import Figure
from madseg.predictor import figures as predictor
from madseg.selector import figures as selector

READ: tuple[Figure, ...] = (*finetune.FIGURES, *labelling.FIGURES, *predictor.FIGURES, *selector.FIGURES)
"""Those that are read at a scrape."""

COUNTED = tuple(value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase))
"""Those that are counted where it happens."""

_SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}

FOREIGN = {
    "up": {"job", "instance"},
    # danielqsj/kafka-exporter 1.9
    "kafka_consumergroup_lag": {"consumergroup", "topic", "partition"},
    "kafka_topic_partition_current_offset": {"topic", "partition"},
    "kafka_topic_partition_oldest_offset": {"topic", "partition"},
    # Triton 24.10, docs/user_guide/metrics.md
    "nv_inference_count": {"model", "version"},
    "nv_inference_exec_count": {"model", "version"},
    "nv_inference_request_success": {"model", "version"},
    "nv_inference_request_failure": {"model", "version", "reason"},
    "nv_inference_request_duration_us": {"model", "version"},
    "nv_inference_queue_duration_us": {"model", "version"},
    "nv_gpu_utilization": {"gpu_uuid"},
}
"""Figures of the servers of others, with their labels."""

OF_TARGETS = {"job", "instance"}
"""Labels that Prometheus adds."""

_NAME = re.compile(r"\b(?:madseg|process|python|kafka|nv)_\w+|\bup\b")
_SELECTOR = re.compile(rf"({_NAME.pattern})\{{([^}}]*)\}}")
_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*"')
_GROUPED = re.compile(r"\bby \(([^)]*)\)")


def declared() -> dict[str, set[str]]:
    """Every series that may be asked for, with its labels."""
    found = {figure.name: set(figure.labels) for figure in READ} | FOREIGN
    for family in COUNTED:
        labels = set(family._labelnames)
        for suffix in _SUFFIXES[str(family._type)]:
            found[family._name + suffix] = labels | ({"le"} if suffix == "_bucket" else set())
    for given in REGISTRY.collect():  # those of the process, which are known by what they give
        for sample in given.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def check_query(query: str) -> None:
    """Names and labels are those of figures that there are."""
    known = declared()
    names = set(_NAME.findall(query))
    assert names, query
    assert names <= known.keys(), f"{query} asks for {names - known.keys()}"
    for name, matchers in _SELECTOR.findall(query):
        labels = set(_MATCHER.findall(matchers))
        assert labels <= known[name] | OF_TARGETS, f"{query} asks {name} for {labels}"
    having = set.union(*(known[name] for name in names)) | OF_TARGETS
    for grouped in _GROUPED.findall(query):
        assert {label.strip() for label in grouped.split(",")} <= having, query
