"""Training as a Job of Kubernetes, on whatever node has a GPU.

The CronJob `training`, which is suspended and never runs by itself, is what jobs are made by: whoever runs the cluster
says in it which image, GPUs, memory and nodes training takes. A job is told its run's folder as RUN and its own name as
JOB; the folder is on a volume that the service has too. Its name comes from the run, so that of two launches of a run
one alone makes a job, whoever is killed between.
"""

import hashlib
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from madseg.adapters.launchers.ids import checked_id
from madseg.adapters.launchers.jobs_api import ACCOUNT, JobsApi, Object
from madseg.core.errors import InvalidInput, Unavailable
from madseg.ports import Ended, Launcher, Running, Unknown

POLL_SECONDS = 0.2

END_SECONDS = 30.0
"""Beyond the time that its pods are given, how long a job may take to end."""

MAX_NAME = 52
"""Characters of a job's name: the names of its pods are longer, and are their hosts' too."""

_USUAL_GRACE = 30
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,18}[a-z0-9])?")
_SIGNALS = {128 + number: -number for number in (signal.SIGKILL, signal.SIGTERM)}


@dataclass(frozen=True, slots=True)
class Options:
    """`template` is a CronJob's name; `server` and `account` are those of the pod unless they are given."""

    template: str = "training"
    server: str = ""
    account: Path = ACCOUNT


def parse_options(url: str) -> Options:
    """The options of `kubernetes:?template=training`.

    Raises:
        InvalidInput: one that is unknown or can't be.
    """
    place, _, query = url.removeprefix("kubernetes:").partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True))
    if place or not given.keys() <= {"template", "server", "account"}:
        raise InvalidInput(f"{url!r} must be kubernetes:, with template, server or account after a question mark")
    template = given.get("template", "training")
    if not _NAME.fullmatch(template):
        raise InvalidInput(f"{url!r}: the template must be a CronJob's name of at most 20 characters")
    server = given.get("server", "")
    if server and not server.startswith("https://"):
        raise InvalidInput(f"{url!r}: the server is asked over https")
    return Options(template, server, Path(given.get("account", ACCOUNT)))


class KubernetesLauncher(Launcher):
    """See the module."""

    def __init__(self, options: Options, environment: Mapping[str, str] = os.environ) -> None:
        """Raises InvalidInput outside of a pod, where no server is given."""
        host, port = (environment.get(f"KUBERNETES_SERVICE_{name}", "") for name in ("HOST", "PORT"))
        if not options.server and not host:
            raise InvalidInput("kubernetes: is for a service in a pod; elsewhere it takes server and account")
        bracketed = f"[{host}]" if ":" in host else host
        self._api = JobsApi(options.server or f"https://{bracketed}:{port}", options.account)
        self._template, self._lock = options.template, threading.Lock()

    def launch(self, run_id: str, folder: Path) -> None:
        name = self._name(run_id)
        with self._lock:
            if isinstance(self._state(name), Running):
                return
            self._remove(name)
            made = self._api.create(self._job(name, run_id, folder.absolute()))
            if not made and not isinstance(self._state(name), Running):
                raise Unavailable(f"another job has the name {name}")

    def state(self, run_id: str) -> Running | Ended | Unknown:
        name = self._name(run_id)
        with self._lock:
            return self._state(name)

    def stop(self, run_id: str) -> None:
        name = self._name(run_id)
        with self._lock:
            if not isinstance(self._state(name), Running):
                return
            self._api.suspend(name)
            self._until_ended(name, lambda: not isinstance(self._state(name), Running))

    def _state(self, name: str) -> Running | Ended | Unknown:
        job = self._api.job(name)
        if job is None:
            return Unknown()
        happened = {item["type"] for item in _status(job).get("conditions", ()) if item["status"] == "True"}
        if "Complete" in happened:
            return Ended(0)
        stopped = bool(job["spec"].get("suspend"))
        if "Failed" in happened:
            return Ended(-signal.SIGTERM if stopped else _exit_status(self._api.pods(name)))
        return Ended(-signal.SIGTERM) if stopped and not self._api.pods(name) else Running()

    def _remove(self, name: str) -> None:
        """A job that has ended, so that there is room for the next."""
        if self._api.job(name) is not None:
            self._api.remove(name)
            self._until_ended(name, lambda: self._api.job(name) is None)

    def _until_ended(self, name: str, ended: Callable[[], bool]) -> None:
        """Raises Unavailable where it goes on although its pods were taken away."""
        grace = max(
            (pod["spec"].get("terminationGracePeriodSeconds", _USUAL_GRACE) for pod in self._api.pods(name)), default=0
        )
        if _within(grace + END_SECONDS, ended):
            return
        for pod in self._api.pods(name):
            self._api.kill(pod["metadata"]["name"])
        if not _within(END_SECONDS, ended):
            raise Unavailable(f"the job {name} doesn't end")

    def _job(self, name: str, run_id: str, folder: Path) -> Object:
        template = self._api.template(self._template)
        if template is None:
            raise Unavailable(f"there is no CronJob {self._template} to make jobs of training by")
        told = [{"name": "RUN", "value": str(folder)}, {"name": "JOB", "value": name}]
        for container in template["spec"]["template"]["spec"]["containers"]:
            container["env"] = [*container.get("env", ()), *told]
        labels = template.get("metadata", {}).get("labels", {})
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "labels": labels, "annotations": {"madseg/run": run_id}},
            "spec": template["spec"],
        }

    def _name(self, run_id: str) -> str:
        whole = f"{self._template}-{checked_id(run_id)}"
        if len(whole) <= MAX_NAME:
            return whole
        return f"{whole[: MAX_NAME - 13]}-{hashlib.sha256(run_id.encode()).hexdigest()[:12]}"


def _status(job: Object) -> Mapping[str, Any]:
    found: Mapping[str, Any] = job.get("status") or {}
    return found


def _exit_status(pods: Sequence[Object]) -> int | None:
    """With which the first container ended that didn't end well; None where nothing tells."""
    states = [item.get("state", {}) for pod in pods for item in _status(pod).get("containerStatuses", ())]
    codes = [int(state["terminated"]["exitCode"]) for state in states if state.get("terminated")]
    failed = next((code for code in codes if code), None)
    return None if failed is None else _SIGNALS.get(failed, failed)


def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() >= ends:
            return False
        time.sleep(POLL_SECONDS)
    return True
