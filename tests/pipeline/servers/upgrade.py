"""From the release before limits, certificates and the audit log to this one, while images stream in and rankings are
read. Part of `make soak`: it takes the project's history.
"""

import io
import itertools
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest

from madseg.client import ClientError
from tests.cli.terminal import Terminal
from tests.pipeline.driving import accept
from tests.pipeline.expected import Asked
from tests.pipeline.fleet import Fleet, Servers
from tests.pipeline.running import until
from tests.pipeline.servers.checking import check, post, settings
from tests.pipeline.world import COMPETITORS, picture

BEFORE = "204d0d7ab7f74d7b5672afccc9a0ea802bbf9a0c"
ROOT = Path(__file__).parents[3]
FIRST, LATER = 5000, 6000
"""Seeds of the pictures that are in before, and of those that come while services are replaced."""

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of the release before."""
    packed = subprocess.run(["git", "archive", BEFORE, "services"], cwd=ROOT, capture_output=True)
    if packed.returncode:
        pytest.skip(f"git doesn't have the release before: {packed.stderr.decode()}")
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "services"


class Traffic:
    """Sends pictures and reads rankings as callers of a balanced address do: whom one doesn't serve, the other does."""

    def __init__(self, fleet: Fleet) -> None:
        self.sent: list[bytes] = []
        self.read, self.failures = 0, list[str]()
        self._fleet, self._going = fleet, threading.Event()
        self._threads = [threading.Thread(target=act) for act in (self._send, self._ask)]

    def __enter__(self) -> "Traffic":
        self._going.set()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._going.clear()
        for thread in self._threads:
            thread.join(60)

    def _send(self) -> None:
        for seed in itertools.count(LATER):
            if not self._going.is_set():
                return
            content = picture(seed)
            if any(self._taken(url, content) for url in self._fleet.gateways):
                self.sent.append(content)
            else:
                self.failures.append(f"no gateway took picture {seed}")

    def _taken(self, url: str, content: bytes) -> bool:
        try:
            return post(url, content)[0] in {200, 201}
        except OSError:
            return False

    def _ask(self) -> None:
        while self._going.is_set():
            if any(self._answers(name) for name in self._fleet.selectors):
                self.read += 1
            else:
                self.failures.append("no selector answered")

    def _answers(self, name: str) -> bool:
        try:
            return bool(list(self._fleet.client(name).rankings()))
        except ClientError:
            return False


def test_an_upgrade_interrupts_nobody(servers: Servers, made: Path, before: Path, asked: Asked, tmp_path: Path) -> None:
    """As the manual has it: the tables first, then the services one by one, each ending what it is at."""
    given = settings(servers, made)
    with Fleet(given, tmp_path, predictors=2, selectors=2, gateways=2) as fleet:
        for process in fleet.processes.values():
            process.code = before
        client = fleet.start()
        images = accept(client, asked, [picture(FIRST + number) for number in range(30)])
        check(fleet, images, COMPETITORS)
        with Traffic(fleet) as traffic:
            named = {name: given[name] for name in ("MADSEG_DATABASE", "MADSEG_PREFIX")}
            assert Terminal(named)("migrate").code == 0
            for process in fleet.processes.values():
                seen = len(traffic.sent), traffic.read
                assert process.terminate() == 0, process.log.read_text()[-3000:]
                process.code = None
                process.settings |= {name: "false" for name in process.settings if name == "MADSEG_MIGRATE"}
                process.spawn()
                until(process.serves)
                until(lambda: len(traffic.sent) > seen[0] and traffic.read > seen[1])  # noqa: B023
        assert traffic.failures == []
        print(f"{len(traffic.sent)} pictures and {traffic.read} readings while it went on")
        check(fleet, images + accept(client, asked, traffic.sent), COMPETITORS)
