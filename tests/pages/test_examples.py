"""docs/examples: every program runs, in Python where nothing but the client is installed, and with grpcurl."""

import json
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from deploy.local.server import Lacking
from madseg.client import Version, decode_label_map
from tests.pages.blocks import ROOT
from tests.pages.desk import Desk
from tests.pages.following import follow
from tests.pages.fresh import client_only, installed
from tests.pipeline.running import until
from tests.servers import kafka
from tests.servers.grpcurl import grpcurl

PAGE = "docs/examples/README.md"
EXAMPLES = ROOT / "docs" / "examples"


@pytest.fixture
def desk(furnished: Desk) -> Desk:
    """The examples lie in the reader's folder."""
    shutil.copytree(EXAMPLES, furnished.where, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return furnished


def first_bus(desk: Desk) -> str:
    return next(iter(desk.client.ranking("ours", "theirs", "target", "bus"))).image_id


def test_the_client_alone_runs_the_programs(desk: Desk, tmp_path: Path) -> None:
    """In an environment with grpcio, protobuf and what these need, as `pip install madseg` makes it."""
    python = client_only(tmp_path / "fresh")
    assert {"madseg", "grpcio", "protobuf", "typing-extensions"} == installed(python)
    desk.put("python", f"env --unset=PYTHONPATH {python}")
    with pytest.raises(AssertionError, match="No module named 'numpy'"):
        desk.shell("python -c 'import numpy'")
    printed = follow(desk, PAGE, heading="In Python")
    assert printed.count("was in already") == 24
    assert "bus: ours/1 against theirs/1, seen by the target, worst 0." in printed
    assert f"   1 {first_bus(desk)} " in printed
    assert "revision " in printed
    assert "24 label maps of ours-next/1 brought in" in printed
    assert "theirs/1: has a label map" in printed
    until(lambda: Version("ours-next", 1) in {item.version for item in desk.client.label_maps(first_bus(desk))})


def test_the_programs_refuse_as_they_say(desk: Desk) -> None:
    """A file that is no picture is named, and the rest goes on; an image that nobody knows is told."""
    (desk.where / "pictures" / "readme.txt").write_text("no picture")
    printed = desk.shell("python push_images.py pictures/ 2>&1 || test $? = 3")
    assert "readme.txt was refused: " in printed
    assert "nothing is known of image" in desk.shell(f"python explain_image.py {'0' * 32} 2>&1 || true")


def test_grpcurl_runs_the_same(desk: Desk) -> None:
    """By reflection, without protos."""
    try:
        desk.put("grpcurl", str(grpcurl()))
    except Lacking as lacking:
        pytest.skip(str(lacking))
    image = first_bus(desk)
    desk.shell(f"IMAGE={image}")
    printed = follow(desk, PAGE, heading="With grpcurl")
    assert "CONTEST_STATE_COMPLETE" in follow(desk, "docs/api.md")
    for line in (
        "madseg.v1.SelectorService",
        "rpc WatchRanking ",
        '"duplicate": true',
        '"revision"',
        '"top_discrepancy"',
    ):
        assert line in printed, line
    ranking = printed.partition('"top_discrepancy"')[2]
    assert f'"image_id": "{image}"' in ranking
    until(lambda: Version("ours-last", 1) in {item.version for item in desk.client.label_maps(image)})
    (brought,) = [item for item in desk.client.label_maps(image) if item.version.model == "ours-last"]
    assert decode_label_map(brought.label_map) == [bytes([1]) * 513] * 513
    why = json.loads(desk.shell(f"sh grpcurl/why.sh {image}"))
    assert {item["version"]["model"] for item in why["outcomes"]} >= {"ours", "theirs", "ours-last"}


def test_pictures_come_from_a_topic_of_ones_own(desk: Desk, tmp_path: Path) -> None:
    """Each is taken in; what is none is told; a second run begins behind them."""
    broker = kafka.url().removeprefix("kafka://").partition("?")[0]
    topic = f"frames-{tmp_path.name}"
    pictures = [path.read_bytes() for path in sorted((desk.where / "pictures").iterdir())[:3]]
    _produce(broker, topic, [*(picture + b"\0" for picture in pictures), b"no picture"])
    command = [sys.executable, "forward_kafka.py", broker, topic]
    with subprocess.Popen(command, cwd=desk.where, env=desk.environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        until(lambda: desk.client.intake_status().accepted == 27, 60)
        refusal = next(line for line in process.stderr if "was refused" in line)
        process.send_signal(signal.SIGTERM)
    assert refusal.startswith(f"{topic}/")
    assert {desk.client.image(image).source for image in desk.client.images()} == {"first", topic}
    kafka.delete_topics(topic)


def _produce(broker: str, topic: str, values: list[bytes]) -> None:
    from madseg.adapters.streams.kafka_client import kafka as library

    producer = library.KafkaProducer(bootstrap_servers=broker)
    with closing(kafka.admin()) as admin:  # topics are made on purpose
        admin.create_topics({topic: {"num_partitions": 2, "replication_factor": 1}})
    for value in values:
        producer.send(topic, value)
    producer.flush()
    producer.close()
