"""The cluster as a whole: brought up, asked, and taken down without a trace."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from deploy.cluster import daemons, leftovers, network, pause_image, programs
from deploy.cluster.daemons import Daemon
from deploy.cluster.identities import Identities
from deploy.local.server import Failed, Lacking

INSTALL = (
    "apt-get install -y --no-install-recommends containerd runc containernetworking-plugins iptables conntrack "
    "iproute2 openssl curl"
)

VOLUMES = 8
"""Folders of the node that claims may be given."""


class Cluster:
    """The cluster over a folder. A second object over the same folder, in any process, is the same cluster."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.identities = Identities(self.folder / "identities")

    def up(self) -> None:
        """Starts whatever doesn't run; returns once the node takes pods.

        Raises:
            Lacking: a program of the machine is absent, or the caller isn't root.
            Failed: a part of it didn't start.
        """
        _check()
        leftovers.note(self.folder)
        network.make()
        self.identities.make()
        for daemon in daemons.control(self.folder, self.identities):
            daemon.start()
        containers = daemons.containers(self.folder)
        containers.start()
        self._make_pause()
        for daemon in daemons.node(self.folder, self.identities):
            daemon.start()
        self.apply(_names())
        self.apply(self._volumes())
        self.kubectl("wait", "--for=condition=Ready", "node/node", "--timeout=120s")

    def down(self) -> None:
        """Ends everything and removes it; does nothing where there is nothing."""
        for name in ("kubelet", "kube-proxy"):
            Daemon(self.folder, name, []).stop()
        if (self.folder / "containerd" / "containerd.sock").exists():
            leftovers.end_containers(self.folder / "containerd")
        for name in ("coredns", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd", "containerd"):
            Daemon(self.folder, name, []).stop()
        leftovers.remove(self.folder)
        network.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kubectl(self, *words: str, given: str | None = None) -> str:
        """What kubectl says, as the admin.

        Raises:
            Failed: it ended with an error.
        """
        done = subprocess.run(self.kubectl_command(*words), input=given, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"kubectl {' '.join(words)} failed:\n{done.stderr[-3000:]}")
        return done.stdout

    def kubectl_command(self, *words: str) -> list[str]:
        """The command line of `kubectl`."""
        program = str(programs.kubernetes() / "kubectl")
        return network.inside([program, f"--kubeconfig={self.identities.config('admin')}", *words])

    def apply(self, manifests: str) -> None:
        """Applies objects on the server's side, every field checked there."""
        apply = ["apply", "--server-side", "--validate=strict", "--force-conflicts", "--filename=-"]
        deadline = time.monotonic() + 30
        while True:
            try:
                self.kubectl(*apply, given=manifests)
                return
            except Failed as error:
                # Namespaces and accounts come a moment after the API server.
                if "not found" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def load(self, archive: Path) -> None:
        """Gives the node an image."""
        ctr = leftovers.ctr(self.folder / "containerd")
        done = subprocess.run([*ctr, "images", "import", str(archive)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"{archive} can't be imported:\n{done.stderr[-2000:]}")

    def _make_pause(self) -> None:
        self.load(pause_image.archive(self.folder / "pause.tar"))

    def _volumes(self) -> str:
        return "---\n".join(_volume(self.folder / "volumes" / str(number), number) for number in range(VOLUMES))


def _check() -> None:
    if os.geteuid() != 0:
        raise Lacking("a cluster is made as root: sudo make cluster")
    wanted = ["containerd", "runc", "ip", "iptables", "conntrack", "nsenter", "openssl", "curl"]
    if not all(map(shutil.which, wanted)) or not Path("/usr/lib/cni/bridge").exists():
        raise Lacking(INSTALL)


def _names() -> str:
    """The Service of names, which leads to a process on the node."""
    ports = "[{ name: dns, port: 53, protocol: UDP }, { name: dns-tcp, port: 53, protocol: TCP }]"
    return f"""apiVersion: v1
kind: Service
metadata: {{ name: kube-dns, namespace: kube-system }}
spec: {{ clusterIP: {network.DNS}, ports: {ports} }}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{ name: kube-dns, namespace: kube-system, labels: {{ kubernetes.io/service-name: kube-dns }} }}
addressType: IPv4
ports: {ports}
endpoints: [{{ addresses: [{network.NODE}] }}]
"""


def _volume(place: Path, number: int) -> str:
    # A group of its own for a volume is given to the first pod that mounts it, unless that one only reads.
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o777)
    hosts = "[{ matchExpressions: [{ key: kubernetes.io/hostname, operator: In, values: [node] }] }]"
    return f"""apiVersion: v1
kind: PersistentVolume
metadata: {{ name: node-{number} }}
spec:
  capacity: {{ storage: 20Gi }}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  local: {{ path: {place} }}
  nodeAffinity: {{ required: {{ nodeSelectorTerms: {hosts} }} }}
"""
