"""A scrape shows what was done."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from madseg.adapters.inference import open_inference
from madseg.client import Refused, Upload
from madseg.observing.exposing import Exposed
from tests.observing.collector import collecting
from tests.observing.scraping import scrape
from tests.pipeline.driving import accept, settled
from tests.pipeline.expected import Asked
from tests.pipeline.inside import Inside
from tests.pipeline.running import Up, until
from tests.pipeline.world import COMPETITORS, TARGET, picture


@pytest.fixture
def figures() -> Iterator[str]:
    """Where the figures of this process are."""
    part = Exposed("127.0.0.1:0")
    part.start()
    yield part.url
    part.stop()


def test_the_figures_are_those_of_what_was_done(
    settings: dict[str, str], tmp_path: Path, asked: Asked, figures: str
) -> None:
    """From uploads over predictions to rankings, each service counts its part."""
    with Inside(
        tmp_path / "inside", settings, open_inference(f"onnxruntime:{settings['MADSEG_REPOSITORY']}")
    ) as client:
        before = scrape(figures)
        contents = [picture(seed) for seed in range(6)]
        images = accept(client, asked, contents)
        _, refused = client.upload_many([Upload(contents[0]), Upload(b"GIF89a")])
        assert isinstance(refused, Refused)
        settled(client, images)
        until(lambda: scrape(figures).since(before, "madseg_selector_images_total") == 6)
        after = scrape(figures)

    def grown(name: str, **labels: str) -> float:
        return after.since(before, f"madseg_{name}", **labels)

    assert grown("intake_images_total", outcome="new") == 6
    assert grown("intake_images_total", outcome="duplicate") == 1
    assert grown("intake_refused_total") == 1
    assert grown("intake_bytes_total") == sum(map(len, contents)) + len(contents[0])
    assert grown("intake_seconds_count") == 8
    assert grown("stream_published_records_total", topic="madseg.images") == 6
    assert grown("stream_records_total", worker="live") == 6
    assert grown("stream_records_total", worker="selector") == 6
    for model in (TARGET, *COMPETITORS):
        assert grown("prediction_seconds_count", model=model, version="1") == 6
    assert grown("database_transaction_seconds_count", service="selector", kind="beside") >= 1
    assert grown("database_transaction_seconds_count", service="gateway", kind="beside") == 6
    ranked = sum(1 for image in images if not image.random_lane)
    assert grown("selector_leaders_entered_total") >= ranked
    method = "/madseg.v1.IntakeService/UploadImages"
    assert grown("grpc_requests_total", method=method, code="OK") == 2
    assert grown("grpc_request_seconds_count", method="/madseg.v1.IntakeService/GetPicture") == 6
    assert after.at("madseg_stream_lag_records", worker="selector") == 0
    assert 0 <= after.at("madseg_stream_poll_age_seconds", worker="live") < 60
    assert grown("dead_letters_total") == 0
    assert grown("predictions_in_flight") == 0
    assert after.at("madseg_selector_images_known") == 6
    assert after.at("madseg_selector_contests", state="complete") == len(COMPETITORS)
    assert after.at("madseg_selector_images_missing") == 0
    assert after.at("madseg_predictor_versions", state="asked") == 1 + len(COMPETITORS)
    assert after.at("madseg_models", role="target") == 1
    assert after.at("madseg_model_versions_serving") == 1 + len(COMPETITORS)


def test_one_process_shows_all_services_and_sends_their_spans(up: Up, asked: Asked) -> None:
    """`madseg up` with an address for figures and a collector; the address stands with the others."""
    with collecting() as collector:
        client = up.start(MADSEG_METRICS="127.0.0.1:0", OTEL_EXPORTER_OTLP_ENDPOINT=collector.address)
        settled(client, accept(client, asked, [picture(0)]))
        found = scrape(json.loads(up.endpoints.read_text())["metrics"])
        assert found.at("madseg_intake_images_total", outcome="new") == 1
        assert found.labels("madseg_labelling_campaigns", "state") == {"open", "scored", "closed", "cancelled"}
        assert found.at("madseg_finetune_runs") == 0
        assert found.at("madseg_models", role="target") == 1
        assert found.labels("madseg_database_transaction_seconds_count", "service") >= {
            "gateway", "selector", "labelling", "finetune",
        }  # fmt: skip
        assert up.terminate() == 0
    assert {("madseg-up", "upload image"), ("madseg-up", "handle selector")} <= set(collector.spans)


def test_nothing_is_given_out_unasked(up: Up) -> None:
    """Without the setting there is no such page."""
    up.start()
    assert "metrics" not in json.loads(up.endpoints.read_text())
