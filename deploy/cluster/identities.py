"""Who is who in the cluster: certificates of a CA of its own, and a token for each program, below one folder."""

import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path

import yaml

from deploy.cluster.network import API, NODE

SERVER = f"https://{NODE}:6443"

USERS: Mapping[str, tuple[str, str]] = {
    "admin": ("admin", "system:masters"),
    "kubelet": ("system:node:node", "system:nodes"),
    "kube-controller-manager": ("system:kube-controller-manager", ""),
    "kube-scheduler": ("system:kube-scheduler", ""),
    "kube-proxy": ("system:kube-proxy", ""),
}
"""By program, the user and the group that Kubernetes knows it as."""

NAMES = (
    f"DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:localhost,IP:127.0.0.1,IP:{NODE},IP:{API}"
)


class Identities:
    """Files of a folder; made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> None:
        """Makes whatever is absent."""
        if (self.folder / "done").exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._openssl("genrsa", "-out", self.file("accounts.key"), "2048")
        self._openssl(
            *"req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=madseg-cluster".split(), *self._pair("ca")
        )
        self._sign("server", "/CN=kube-apiserver", NAMES)
        self._sign("kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client")
        self._sign("front-proxy", "/CN=front-proxy-client")
        tokens = {name: secrets.token_hex(16) for name in USERS}
        lines = [f'{tokens[name]},{user},{user},"{group}"' for name, (user, group) in USERS.items()]
        (self.folder / "tokens.csv").write_text("\n".join(lines) + "\n")
        for name, token in tokens.items():
            self.config(name).write_text(yaml.safe_dump(self._config(token)))
        (self.folder / "done").touch()

    def file(self, name: str) -> str:
        """The path of a file."""
        return str(self.folder / name)

    def config(self, name: str) -> Path:
        """The kubeconfig of a program."""
        return self.folder / f"{name}.kubeconfig"

    def _config(self, token: str) -> dict[str, object]:
        cluster = {"server": SERVER, "certificate-authority": self.file("ca.crt")}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "madseg", "cluster": cluster}],
            "users": [{"name": "me", "user": {"token": token}}],
            "contexts": [{"name": "madseg", "context": {"cluster": "madseg", "user": "me"}}],
            "current-context": "madseg",
        }

    def _pair(self, name: str) -> list[str]:
        return ["-keyout", self.file(f"{name}.key"), "-out", self.file(f"{name}.crt")]

    def _sign(self, name: str, subject: str, names: str = "") -> None:
        wanted = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", subject]
        wanted += ["-CA", self.file("ca.crt"), "-CAkey", self.file("ca.key"), "-addext", "basicConstraints=CA:FALSE"]
        self._openssl("req", *wanted, *(["-addext", f"subjectAltName={names}"] if names else []), *self._pair(name))

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True)
