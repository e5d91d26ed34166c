"""An API server with a controller of jobs, in memory: as much of both as launching takes."""

import json
import re
import ssl
import threading
import uuid
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.security.authority import Authority

Object = dict[str, Any]
Place = tuple[str, str | None, str | None]
"""Kind, name, and what of it."""

LABEL = "batch.kubernetes.io/job-name"
_PATH = re.compile(
    r"/(?:api|apis/batch)/v1/namespaces/[a-z]+/(?P<kind>[a-z]+)(?:/(?P<name>[a-z0-9-]+))?(?:/(?P<sub>[a-z]+))?"
)


@dataclass
class FakeCluster:
    """Listens at `server` until it is closed; `account` and `admin` are folders of those who may ask it."""

    folder: Path
    objects: dict[tuple[str, str], Object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        authority = Authority(self.folder / "authority")
        self.account = self.admin = self.folder / "account"
        self.account.mkdir()
        for name, text in (("token", "sesame"), ("namespace", "default"), ("ca.crt", authority.file.read_text())):
            (self.account / name).write_text(text)
        self._lock = threading.RLock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*authority.sign("api"))
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.server = f"https://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Ends it."""
        self._http.shutdown()
        self._http.server_close()

    def answer(self, method: str, path: str, body: Object | None) -> tuple[int, Object]:
        """Status and answer of a request."""
        parts = urlsplit(path)
        found = _PATH.fullmatch(parts.path)
        assert found, path
        kind, name, sub = found.group("kind", "name", "sub")
        with self._lock:
            status, answer = self._act(method, (kind, name, sub), body, parse_qs(parts.query))
            self._settle()
            return status, deepcopy(answer)

    def _act(self, method: str, place: Place, body: Object | None, query: dict[str, list[str]]) -> tuple[int, Object]:
        kind, name, sub = place
        if name is None and method == "GET":
            wanted = query.get("labelSelector", ["="])[0].partition("=")[2]
            items = [item for (its, _), item in self.objects.items() if its == kind]
            return 200, {"items": [item for item in items if wanted in {"", _owner(item)}]}
        if name is None:
            assert body is not None
            key = kind, str(body["metadata"]["name"])
            if key in self.objects:
                return 409, {"message": f"{key} already exists"}
            self.objects[key] = deepcopy(body)
            return 201, body
        item = self.objects.get((kind, name))
        if item is None:
            return 404, {"message": f"{kind} {name} not found"}
        if method == "DELETE":
            self._delete(kind, item, now=kind == "pods" and (body or {}).get("gracePeriodSeconds") == 0)
        elif sub == "binding":
            assert body is not None
            item["spec"]["nodeName"] = body["target"]["name"]
        elif method == "PATCH":
            assert body is not None
            _merge(item, body)
        return 200, item

    def _delete(self, kind: str, item: Object, *, now: bool = False) -> None:
        """A pod on a node is its kubelet's to end, and a job waits for its pods."""
        if now or (kind == "pods" and "nodeName" not in item["spec"]):
            self.objects.pop((kind, item["metadata"]["name"]), None)
        else:
            item["metadata"].setdefault("deletionTimestamp", "2026-01-01T00:00:00Z")

    def _settle(self) -> None:
        for name, job in [(name, job) for (kind, name), job in self.objects.items() if kind == "jobs"]:
            pods = [pod for (kind, _), pod in self.objects.items() if kind == "pods" and _owner(pod) == name]
            if "deletionTimestamp" in job["metadata"]:
                for pod in pods:
                    self._delete("pods", pod)
                if not any(("pods", pod["metadata"]["name"]) in self.objects for pod in pods):
                    del self.objects["jobs", name]
            elif not job.get("status", {}).get("conditions"):
                self._carry_on(name, job, pods)

    def _carry_on(self, name: str, job: Object, pods: list[Object]) -> None:
        phases = [pod.get("status", {}).get("phase") for pod in pods]
        if "Failed" in phases or (phases and set(phases) == {"Succeeded"}):
            kind = "Failed" if "Failed" in phases else "Complete"
            job["status"] = {"conditions": [{"type": kind, "status": "True"}]}
        elif job["spec"].get("suspend"):
            for pod in pods:
                self._delete("pods", pod)
        elif not pods:
            pod = deepcopy(job["spec"]["template"])
            pod["metadata"] = {"name": f"{name}-{uuid.uuid4().hex[:5]}", "labels": {LABEL: name}}
            self.objects["pods", pod["metadata"]["name"]] = pod


def _owner(pod: Object) -> str:
    return str(pod["metadata"].get("labels", {}).get(LABEL))


def _merge(item: Object, patch: Object) -> None:
    """RFC 7396."""
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(item.get(key), dict):
            _merge(item[key], value)
        else:
            item[key] = value


def _handler(cluster: FakeCluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def serve(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            if self.headers.get("authorization") != "Bearer sesame":
                status, answer = 401, {"message": "Unauthorized"}
            else:
                status, answer = cluster.answer(self.command, self.path, body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    for method in ("GET", "POST", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.serve)
    return Handler
