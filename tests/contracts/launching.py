"""Launchers under test, and what they launch: it does what the file `does` in its folder says."""

import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from madseg.adapters.launchers.jobs_api import JobsApi
from madseg.adapters.launchers.kubernetes import KubernetesLauncher, Options
from madseg.adapters.launchers.process import Options as ProcessOptions
from madseg.adapters.launchers.process import ProcessLauncher
from madseg.core.errors import InvalidInput, Unavailable
from madseg.ports import Ended, Launcher, Running, Unknown
from tests.contracts.cluster.fake import FakeCluster
from tests.contracts.cluster.kubelet import Kubelet
from tests.servers import kubernetes
from tests.servers.kubernetes import ControlPlane

WORKER = """
import os, signal, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
does = (folder / "does").read_text().split()
if does[0] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
rank = os.environ.get("RANK", "0")
(folder / f"rank.{rank}").write_text(str(os.getpid()))
if rank == "0":
    with (folder / "began").open("a") as file:
        file.write(f"{os.getpid()} {sorted(name for name in os.environ if name.startswith('MADSEG_'))}\\n")
    print("it says something", flush=True)
if does[0] == "exit" or does[0] == f"exit-{rank}":
    sys.exit(int(does[1]))
time.sleep(600)
"""


class FakeLauncher(Launcher):
    """Nothing is carried out; `runs` is what several of them share, as several processes share a machine. While `away`
    it can't be asked."""

    def __init__(self, runs: dict[str, Running | Ended] | None = None) -> None:
        self.runs: dict[str, Running | Ended] = {} if runs is None else runs
        self.launched: list[str] = []
        self.stopped: list[str] = []
        self.away = False

    def launch(self, run_id: str, folder: Path) -> None:
        self._asked(run_id)
        if not isinstance(self.runs.get(run_id), Running):
            does = (folder / "does").read_text().split() if (folder / "does").exists() else ["sleep"]
            self.runs[run_id] = Ended(int(does[1])) if does[0] == "exit" else Running()
            self.launched.append(run_id)
            with (folder / "began").open("a") as file:
                file.write("0 []\n")
            (folder / "log.txt").write_text("it says something\n")

    def state(self, run_id: str) -> Running | Ended | Unknown:
        self._asked(run_id)
        return self.runs.get(run_id, Unknown())

    def stop(self, run_id: str) -> None:
        self._asked(run_id)
        self.stopped.append(run_id)
        if isinstance(self.runs.get(run_id), Running):
            self.runs[run_id] = Ended(-15)

    def die(self, run_id: str, status: int = -9) -> None:
        """Training is killed."""
        self.runs[run_id] = Ended(status)

    def _asked(self, run_id: str) -> None:
        _check(run_id)
        if self.away:
            raise Unavailable("the launcher can't be asked")


class LauncherPlace(ABC):
    """A machine that launchers run on."""

    def __init__(self) -> None:
        self._opened: list[Launcher] = []

    def open(self) -> Launcher:
        """A launcher, as a service that starts opens it."""
        self._opened.append(self._open())
        return self._opened[-1]

    def close(self, run_id: str) -> None:
        """Nothing goes on afterwards, and every launcher has seen that."""
        self.open().stop(run_id)
        for launcher in self._opened:
            launcher.state(run_id)
        self.end(run_id)

    def end(self, run_id: str) -> None:  # noqa: B027 - most have nothing to end
        """Nothing is left of a run, and nothing of the place."""

    @abstractmethod
    def _open(self) -> Launcher:
        """A new one."""


class FakePlace(LauncherPlace):
    """In memory."""

    def __init__(self, _folder: Path) -> None:
        super().__init__()
        self._runs: dict[str, Running | Ended] = {}

    def _open(self) -> Launcher:
        return FakeLauncher(self._runs)


class ProcessPlace(LauncherPlace):
    """Processes of this machine; `together` train one run."""

    together = 1

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._kept = folder / "kept"
        code = folder / "code"
        code.mkdir()
        (code / "training_stand_in.py").write_text(WORKER)
        self.path = str(code)

    def _open(self) -> Launcher:
        options = ProcessOptions(self.together)
        return ProcessLauncher(self._kept, options, module="training_stand_in", grace=0.5)


class RanksPlace(ProcessPlace):
    """Two processes a run."""

    together = 2

    def parent(self, run_id: str) -> int:
        """The id of what started them."""
        return int((self._kept / f"{run_id}.pid").read_text())


class KubernetesPlace(LauncherPlace):
    """Jobs, of an API server in memory or of a real one."""

    def __init__(self, cluster: FakeCluster | ControlPlane) -> None:
        super().__init__()
        self.cluster = cluster

    def _open(self) -> Launcher:
        return KubernetesLauncher(Options(server=self.cluster.server, account=self.cluster.account))

    def end(self, run_id: str) -> None:
        api = JobsApi(self.cluster.server, self.cluster.admin)
        api.remove(f"training-{run_id}")
        end = time.monotonic() + 30
        while api.job(f"training-{run_id}") is not None:
            assert time.monotonic() < end
            time.sleep(0.05)


class FakeKubernetesPlace(KubernetesPlace):
    """An API server of its own."""

    def __init__(self, folder: Path) -> None:
        cluster = FakeCluster(folder / "cluster")
        cluster.answer("POST", "/apis/batch/v1/namespaces/default/cronjobs", cron_job())
        self._kubelet = Kubelet(cluster.server, cluster.admin)
        super().__init__(cluster)

    def end(self, run_id: str) -> None:
        super().end(run_id)
        self._kubelet.close()
        assert isinstance(self.cluster, FakeCluster)
        self.cluster.close()


class RealKubernetesPlace(KubernetesPlace):
    """The session's API server."""

    def __init__(self, _folder: Path) -> None:
        plane = kubernetes.running()
        plane.create(cron_job())
        super().__init__(plane)


def cron_job() -> dict[str, Any]:
    """By which jobs are made that do what the file `does` in their folder says."""
    line = f'exec {sys.executable} -c "$WORKER" "$RUN" >> "$RUN/log.txt" 2>&1'
    container = {
        "name": "training",
        "image": "none",
        "args": ["/bin/sh", "-c", line],
        "env": [{"name": "WORKER", "value": WORKER}],
    }
    pod = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}
    job = {"backoffLimit": 0, "template": {"spec": pod}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "training"},
        "spec": {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": job}},
    }


def until_ended(launcher: Launcher, run_id: str) -> Ended:
    """What it is then."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found = launcher.state(run_id)
        if isinstance(found, Ended):
            return found
        time.sleep(0.02)
    raise AssertionError(f"{run_id} goes on: {sys.executable}")


def until_begun(folder: Path, times: int = 1) -> None:
    """Returns when it has been begun so often."""
    end = time.monotonic() + 30
    while not (folder / "began").exists() or len((folder / "began").read_text().splitlines()) < times:
        assert time.monotonic() < end
        time.sleep(0.02)


def ranks_of(folder: Path, count: int = 2) -> list[int]:
    """The ids of a run's processes, once all have begun."""
    end = time.monotonic() + 30
    files = [folder / f"rank.{rank}" for rank in range(count)]
    while not all(file.exists() and file.read_text() for file in files):
        assert time.monotonic() < end
        time.sleep(0.02)
    return [int(file.read_text()) for file in files]


def alive(pid: int) -> bool:
    """Whether a process goes on; one that nobody has asked for its status yet doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _check(run_id: str) -> None:
    if not (run_id.isascii() and run_id.isalnum() and run_id == run_id.lower() and len(run_id) <= 64):
        raise InvalidInput(f"the id of a run must be 1..64 of a-z and 0-9, got {run_id!r}")
