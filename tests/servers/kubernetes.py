"""What decides in a Kubernetes: its store, API server, and the controllers of jobs and of what they own.

There is no node: whoever asks for pods has to run them.
"""

import atexit
import secrets
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import httpx
import pytest
import yaml

from deploy.cluster import programs
from deploy.cluster.daemons import Program
from deploy.local.server import Lacking, free_port
from tests.contracts.cluster.kubelet import Kubelet
from tests.security.authority import Authority

RIGHTS = Path(__file__).parents[2] / "deploy" / "kubernetes" / "components" / "finetune-job" / "rights.yaml"
"""What fine-tuning may do, as the manifests have it."""


class ControlPlane:
    """Over a folder; `account` is that of fine-tuning, `admin` may do everything."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.account, self.admin = folder / "finetune", folder / "admin"
        self._ports = {name: free_port() for name in ("clients", "peers", "api", "controllers")}
        self.server = f"https://127.0.0.1:{self._ports['api']}"
        self._programs: list[Program] = []

    def start(self) -> None:
        """Starts all of it. Raises Lacking without Go."""
        built = programs.kubernetes()
        self._make_accounts()
        self._programs = [
            Program(self._folder, "etcd", [str(programs.etcd()), *self._etcd()]),
            Program(self._folder, "kube-apiserver", [str(built / "kube-apiserver"), *self._api()], self._ready),
            Program(self._folder, "controllers", [str(built / "kube-controller-manager"), *self._controllers()]),
        ]
        for program in self._programs:
            program.start()
        for document in yaml.safe_load_all(RIGHTS.read_text()):
            self.create(document)

    def end(self) -> None:
        """Ends all of it and removes the folder."""
        for program in reversed(self._programs):
            program.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def create(self, item: dict[str, object]) -> None:
        """Makes an object in the namespace `default`; one that is there stays."""
        group = {"v1": "api/v1"}.get(str(item["apiVersion"]), f"apis/{item['apiVersion']}")
        answer = self._ask("POST", f"{group}/namespaces/default/{str(item['kind']).lower()}s", item)
        assert answer.is_success or answer.status_code == 409, answer.text

    def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        trusted = ssl.create_default_context(cafile=self.admin / "ca.crt")
        shown = {"Authorization": f"Bearer {(self.admin / 'token').read_text()}"}
        with httpx.Client(verify=trusted, headers=shown, trust_env=False) as client:
            return client.request(method, f"{self.server}/{path}", json=body)

    def _ready(self) -> bool:
        try:
            return self._ask("GET", "readyz").is_success
        except httpx.HTTPError:
            return False

    def _make_accounts(self) -> None:
        authority = Authority(self._folder / "authority")
        authority.sign("api")
        key = str(self._folder / "accounts.key")
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        lines = []
        users = ((self.account, "system:serviceaccount:default:finetune", ""), (self.admin, "admin", "system:masters"))
        for folder, user, group in users:
            folder.mkdir()
            token = secrets.token_hex(16)
            for name, text in (("token", token), ("namespace", "default"), ("ca.crt", authority.file.read_text())):
                (folder / name).write_text(text)
            lines.append(f'{token},{user},{user},"{group}"')
        (self._folder / "tokens.csv").write_text("\n".join(lines) + "\n")

    def _etcd(self) -> Sequence[str]:
        clients, peers = (f"http://127.0.0.1:{self._ports[name]}" for name in ("clients", "peers"))
        return [
            f"--data-dir={self._folder / 'etcd' / 'data'}",
            f"--listen-client-urls={clients}",
            f"--advertise-client-urls={clients}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",
        ]

    def _api(self) -> Sequence[str]:
        key = self._folder / "accounts.key"
        pair = [self._folder / "authority" / f"api.{kind}" for kind in ("pem", "key")]
        return [
            f"--etcd-servers=http://127.0.0.1:{self._ports['clients']}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self._ports['api']}",
            f"--tls-cert-file={pair[0]}",
            f"--tls-private-key-file={pair[1]}",
            f"--token-auth-file={self._folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--endpoint-reconciler-type=none",
            "--disable-admission-plugins=ServiceAccount",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
        ]

    def _controllers(self) -> Sequence[str]:
        config = self._folder / "controllers.yaml"
        server = {"server": self.server, "certificate-authority": str(self.admin / "ca.crt")}
        here = {"cluster": "here", "user": "admin"}
        token = (self.admin / "token").read_text()
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "here", "cluster": server}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "here", "context": here}],
            "current-context": "here",
        }
        config.write_text(yaml.safe_dump(document))
        return [
            f"--kubeconfig={config}",
            "--controllers=job-controller,garbage-collector-controller",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._ports['controllers']}",
            f"--cert-dir={self._folder / 'controllers'}",
        ]


@cache
def running() -> ControlPlane:
    """The session's own, with somebody who runs pods; skips the test where this machine can't build it."""
    plane = ControlPlane(Path(tempfile.mkdtemp(prefix="madseg-kubernetes-")))
    try:
        plane.start()
    except Lacking as error:
        pytest.skip(str(error))
    kubelet = Kubelet(plane.server, plane.admin)
    atexit.register(plane.end)
    atexit.register(kubelet.close)  # before it
    return plane
