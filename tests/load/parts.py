"""`python -m tests.load.parts`: what one image costs each part, on the real servers; `deploy.sizing` reckons with it.

The pictures go through one station after the other, the others standing still, so that what a shared server spends
belongs to the station that works, and so that selectors take large batches as they do when much comes. Networks are
those of the generated world on the canonical grid of 513 x 513, pictures are JPEG files of 500 x 375.
"""

import argparse
import io
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
import onnx
import sqlalchemy
from PIL import Image

from deploy.sizing.costs import MEASURED, Costs
from madseg.adapters.streams import open_stream
from madseg.cli.output import remark
from madseg.client import Client
from madseg.core.messages import VersionRef
from madseg.core.preprocess import CANONICAL
from madseg.finetune.bare import bare
from madseg.predictor.add import add_model
from madseg.predictor.card import load_card
from madseg.predictor.repository import ModelRepository
from madseg.project import taxonomy_document
from madseg.simulation.taxonomy import TAXONOMY
from madseg.wire import images_topic
from tests.load.pictures import Pictures
from tests.perf.predicting import SHIPPED, Bare
from tests.pipeline.fleet import Fleet, Servers
from tests.pipeline.running import until

SENDERS = 4
WARM = 60
PARTITIONS = 4
STATIONS = ("gateway", "predictor", "selector")
WAIT_SECONDS = 1200.0
IDLE_SECONDS = 5.0


@dataclass
class Spent:
    """Seconds of one core by part, over one station's work."""

    by: dict[str, float] = field(default_factory=dict)

    def add(self, part: str, seconds: float) -> None:
        """To what the part spent before."""
        self.by[part] = self.by.get(part, 0.0) + seconds


def main() -> None:
    """Prints and writes the costs."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--images", type=int, default=600)
    options.add_argument("--output", type=Path, default=MEASURED)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as aside, ExitStack() as stack:
        costs = _measure(Path(aside), given.images, stack)
    text = json.dumps(asdict(costs), indent=1) + "\n"
    print(text, end="")
    given.output.write_text(text)


def _measure(folder: Path, images: int, stack: ExitStack) -> Costs:
    remark("Adding the networks on the canonical grid")
    networks = repository(folder / "models")
    (folder / "taxonomy.json").write_text(json.dumps(taxonomy_document(TAXONOMY)))
    servers = Servers.of(folder, folder / "models")
    stack.callback(shutil.rmtree, servers.postgres.folder, ignore_errors=True)
    for server in servers.all().values():
        stack.callback(server.stop)
        server.start()
    prefix = f"parts{uuid.uuid4().hex[:8]}"
    fleet = stack.enter_context(
        Fleet(_settings(folder, servers, prefix), folder, predictors=1, selectors=1)
    )  # fmt: skip
    client = fleet.start()
    parts = _parts(fleet, servers)
    pictures = Pictures(7)
    _send(client, pictures, WARM)
    until(lambda: client.selector_status().images >= WARM, WAIT_SECONDS)
    stored = _stored(servers)
    spent = _stations(client, fleet, servers, prefix, pictures, images, parts)
    grown = {name: (value - stored[name]) / images for name, value in _stored(servers).items()}
    alone = _networks_alone(folder / "models", networks)
    services = {name: spent.by[name] / images for name in STATIONS}
    shared = {name: spent.by[name] / images for name in servers.all()}
    shared["triton"] = max(shared["triton"] - alone, 1e-4)
    batch = max(_one_by_one(client, pictures, parts, images + WARM) - services["selector"], 1e-4)
    return Costs(_processor(), len(networks), services, shared, grown, batch)


def _stations(
    client: Client, fleet: Fleet, servers: Servers, prefix: str, pictures: Pictures, images: int,
    parts: Mapping[str, list[int]],
) -> Spent:  # fmt: skip
    """Sends the pictures through one station after the other."""
    spent = Spent()
    topic = images_topic(prefix, PARTITIONS).name
    stream = open_stream(servers.kafka.url)
    done = {
        "gateway": lambda: True,
        "predictor": lambda: stream.waiting(topic, f"{prefix}.live") == 0,
        "selector": lambda: client.selector_status().images >= WARM + images,
    }
    for station in STATIONS[1:]:
        os.kill(fleet.processes[f"{station}-1"].pid, signal.SIGSTOP)
    for station in STATIONS:
        remark(f"{images} pictures through the {station}")
        before, began = _cpu(parts), time.monotonic()
        if station == "gateway":
            _send(client, pictures, images)
        else:
            os.kill(fleet.processes[f"{station}-1"].pid, signal.SIGCONT)
        until(done[station], WAIT_SECONDS, every=0.25)
        after = _cpu(parts)
        for part in (station, *servers.all()):
            spent.add(part, after[part] - before[part])
        remark(f"{images / (time.monotonic() - began):.0f} a second")
    stream.close()
    return spent


def repository(root: Path) -> list[str]:
    """The shipped networks, wrapped for the canonical grid; their names."""
    names = ModelRepository(SHIPPED).names()
    for name in names:
        served = onnx.load(str(SHIPPED / name / "1" / "model.onnx"))
        root.mkdir(parents=True, exist_ok=True)
        onnx.save(bare(served), str(root.parent / f"{name}.onnx"))
        document = {item.key: item.value for item in served.metadata_props}["madseg.card"]
        (root.parent / f"{name}.yaml").write_text(document)
        grid = (CANONICAL.height, CANONICAL.width)
        card = load_card(root.parent / f"{name}.yaml", name)
        add_model(root.parent / f"{name}.onnx", card, ModelRepository(root), TAXONOMY, grid, datetime.now(UTC))
    return list(names)


def _settings(folder: Path, servers: Servers, prefix: str) -> dict[str, str]:
    return {
        **servers.urls(),
        "MADSEG_TAXONOMY": str(folder / "taxonomy.json"),
        "MADSEG_REPOSITORY": str(folder / "models"),
        "MADSEG_PREFIX": prefix,
        "MADSEG_PARTITIONS": str(PARTITIONS),
        "MADSEG_RANDOM_LANE": "0",
    }


def _send(client: Client, pictures: Pictures, count: int) -> None:
    def one(png: bytes) -> None:
        client.upload(_photograph(png), source="parts")

    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(one, islice(pictures, count)))


def _photograph(png: bytes) -> bytes:
    """The size and form that cameras and data sets give."""
    file = io.BytesIO()
    Image.open(io.BytesIO(png)).resize((500, 375), Image.Resampling.BICUBIC).save(file, "JPEG", quality=92)
    return file.getvalue()


def _parts(fleet: Fleet, servers: Servers) -> dict[str, list[int]]:
    """By part the processes that begin its tree."""
    found = {name: [json.loads(server.state.read_text())["pid"]] for name, server in servers.all().items()}
    for station in STATIONS:
        found[station] = [item.pid for name, item in fleet.processes.items() if name.partition("-")[0] == station]
    return found


def _cpu(parts: Mapping[str, list[int]]) -> dict[str, float]:
    """Seconds of one core that each part has spent so far, its children included, ended ones too."""
    tick = os.sysconf("SC_CLK_TCK")
    parents, times = dict[int, int](), dict[int, float]()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(path.parent.name)
        parents[pid], times[pid] = int(fields[1]), sum(map(int, fields[11:15])) / tick
    return {
        part: sum(value for pid, value in times.items() if _below(pid, roots, parents)) for part, roots in parts.items()
    }


def _one_by_one(client: Client, pictures: Pictures, parts: Mapping[str, list[int]], known: int) -> float:
    """Seconds that the selector spends on an image that is a batch by itself."""
    remark("The last pictures one by one")
    before = _cpu(parts)["selector"]
    time.sleep(IDLE_SECONDS)
    idle = (_cpu(parts)["selector"] - before) / IDLE_SECONDS
    before, began = _cpu(parts)["selector"], time.monotonic()
    for number in range(1, WARM + 1):
        _send(client, pictures, 1)
        until(lambda: client.selector_status().images >= known + number, WAIT_SECONDS, every=0.1)  # noqa: B023
    spent = _cpu(parts)["selector"] - before - idle * (time.monotonic() - began)
    return spent / WARM


def _networks_alone(root: Path, networks: Sequence[str]) -> float:
    """Seconds of one core that the networks themselves take of an image."""
    bare_loop = Bare(root, [VersionRef(name, 1) for name in networks], 1)
    scenes = [np.zeros((CANONICAL.height, CANONICAL.width, 3), np.uint8)] * 4
    bare_loop.run(scenes)
    began = time.process_time()
    bare_loop.run(scenes)
    return (time.process_time() - began) / len(scenes)


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _below(pid: int, roots: list[int], parents: Mapping[int, int]) -> bool:
    while pid > 1:
        if pid in roots:
            return True
        pid = parents.get(pid, 0)
    return False


def _stored(servers: Servers) -> dict[str, float]:
    """Bytes in each server."""
    url = sqlalchemy.make_url(servers.postgres.url).set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        database = float(connection.scalar(sqlalchemy.text("SELECT pg_database_size(current_database())")) or 0)
    engine.dispose()
    return {"kafka": _bytes(servers.kafka.folder), "postgres": database, "s3": _bytes(servers.s3.folder)}


def _bytes(folder: Path) -> float:
    done = subprocess.run(["du", "-sk", folder], capture_output=True, text=True, check=True)
    return 1024.0 * int(done.stdout.split()[0])


if __name__ == "__main__":
    main()
