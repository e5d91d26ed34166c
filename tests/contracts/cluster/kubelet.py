"""Runs the pods of an API server as processes of this machine, as a node's kubelet runs them in containers."""

import os
import signal
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import httpx

Object = dict[str, Any]
NODE = "node"
POLL_SECONDS = 0.05


class Kubelet:
    """Works in a thread until it is closed; `admin` is the folder of an account that may do everything."""

    def __init__(self, server: str, admin: Path) -> None:
        token = (admin / "token").read_text().strip()
        self._client = httpx.Client(
            base_url=f"{server}/api/v1/namespaces/default/",
            verify=ssl.create_default_context(cafile=admin / "ca.crt"),
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
        )
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._told: dict[str, float] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Kills what runs."""
        self._closing.set()
        self._thread.join()
        for process in self._running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._client.close()

    def _work(self) -> None:
        while not self._closing.wait(POLL_SECONDS):
            for pod in self._client.get("pods").raise_for_status().json()["items"]:
                self._look(pod, pod["metadata"]["name"])

    def _look(self, pod: Object, name: str) -> None:
        process = self._running.get(name)
        if "deletionTimestamp" in pod["metadata"]:
            self._end(pod, name, process)
        elif "nodeName" not in pod["spec"]:
            target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
            binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
            self._client.post(f"pods/{name}/binding", json=binding)
        elif process is None:
            self._running[name] = _started(pod)
            self._say(name, {"phase": "Running"})
        elif process.poll() is not None and pod.get("status", {}).get("phase") == "Running":
            self._say(name, _ended(pod, process.returncode))

    def _end(self, pod: Object, name: str, process: subprocess.Popen[bytes] | None) -> None:
        if process is not None and process.poll() is None:
            grace = pod["spec"].get("terminationGracePeriodSeconds", 30)
            told = self._told.setdefault(name, time.monotonic())
            late = time.monotonic() - told >= grace
            os.killpg(process.pid, signal.SIGKILL if late else signal.SIGTERM)
            return
        if process is not None and pod.get("status", {}).get("phase") == "Running":
            self._say(name, _ended(pod, process.returncode))
        self._client.request("DELETE", f"pods/{name}", json={"gracePeriodSeconds": 0})

    def _say(self, name: str, status: Object) -> None:
        self._client.patch(
            f"pods/{name}/status",
            json={"status": status},
            headers={"Content-Type": "application/merge-patch+json"},
        )


def _started(pod: Object) -> subprocess.Popen[bytes]:
    (container,) = pod["spec"]["containers"]
    environment = {item["name"]: item["value"] for item in container["env"]}
    return subprocess.Popen(
        container["args"],
        env={"PATH": os.environ["PATH"], **environment},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _ended(pod: Object, returned: int) -> Object:
    code = returned if returned >= 0 else 128 - returned
    (container,) = pod["spec"]["containers"]
    state = {"terminated": {"exitCode": code}}
    told = {"name": container["name"], "image": container["image"], "imageID": "", "ready": False, "restartCount": 0}
    return {"phase": "Failed" if code else "Succeeded", "containerStatuses": [{**told, "state": state}]}
