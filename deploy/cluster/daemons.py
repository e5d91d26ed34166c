"""The programs of the cluster, each a process that is found again by whoever comes later."""

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from deploy.cluster import network, programs
from deploy.cluster.identities import Identities
from deploy.cluster.network import DNS, NODE, PODS, SERVICES
from deploy.local.server import Server


class Program(Server):
    """A program by its command line; `ready` tells whether it works."""

    start_seconds = 180.0

    def __init__(
        self, folder: Path, name: str, command: Sequence[str], ready: Callable[[], bool] = lambda: True
    ) -> None:
        super().__init__(folder / name)
        self.name = name  # type: ignore[misc]
        self._command, self._ready = command, ready

    @property
    def url(self) -> str:
        return ""

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def command(self) -> Sequence[str]:
        return self._command

    def answers(self) -> bool:
        return self._ready()


class Daemon(Program):
    """A program in the cluster's network."""

    def command(self) -> Sequence[str]:
        return network.inside(self._command)


def control(folder: Path, who: Identities) -> list[Daemon]:
    """What decides: the store, the API server, controllers and scheduler, in the order to start them."""
    programs_at = programs.kubernetes()

    def program(name: str, *options: str) -> Daemon:
        config = f"--kubeconfig={who.config(name)}"
        return Daemon(folder, name, [str(programs_at / name), config, "--leader-elect=false", *options])

    kept = folder / "etcd" / "data"
    etcd = [str(programs.etcd()), f"--data-dir={kept}", "--listen-client-urls=http://127.0.0.1:2379"]
    etcd += [
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--unsafe-no-fsync",
    ]
    controller = program(
        "kube-controller-manager",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={who.file('accounts.key')}",
        f"--root-ca-file={who.file('ca.crt')}",
        "--horizontal-pod-autoscaler-sync-period=5s",
        "--horizontal-pod-autoscaler-downscale-stabilization=10s",
    )
    return [
        Daemon(folder, "etcd", etcd),
        Daemon(folder, "kube-apiserver", [str(programs_at / "kube-apiserver"), *_api(who)], lambda: _says_ready(who)),
        controller,
        program("kube-scheduler"),
    ]


def _api(who: Identities) -> list[str]:
    return [
        "--etcd-servers=http://127.0.0.1:2379",
        f"--advertise-address={NODE}",
        f"--service-cluster-ip-range={SERVICES}",
        "--authorization-mode=Node,RBAC",
        "--kubelet-preferred-address-types=InternalIP",
        f"--client-ca-file={who.file('ca.crt')}",
        f"--tls-cert-file={who.file('server.crt')}",
        f"--tls-private-key-file={who.file('server.key')}",
        f"--token-auth-file={who.file('tokens.csv')}",
        f"--kubelet-client-certificate={who.file('kubelet-client.crt')}",
        f"--kubelet-client-key={who.file('kubelet-client.key')}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={who.file('accounts.key')}",
        f"--service-account-signing-key-file={who.file('accounts.key')}",
        # For APIs that others serve: KEDA's metrics.
        "--enable-aggregator-routing",
        f"--requestheader-client-ca-file={who.file('ca.crt')}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={who.file('front-proxy.crt')}",
        f"--proxy-client-key-file={who.file('front-proxy.key')}",
    ]


def _says_ready(who: Identities) -> bool:
    command = [str(programs.kubernetes() / "kubectl"), f"--kubeconfig={who.config('admin')}", "get", "--raw=/readyz"]
    return subprocess.run(network.inside(command), capture_output=True, check=False).returncode == 0


def containers(folder: Path) -> Daemon:
    """What runs containers."""
    place = folder / "containerd"
    place.mkdir(parents=True, exist_ok=True)
    (place / "cni").mkdir(exist_ok=True)
    (place / "cni" / "pods.conflist").write_text(json.dumps(_pods(place)))
    (place / "config.toml").write_text(_CONTAINERD.format(place=place))
    command = ["containerd", "--config", str(place / "config.toml")]
    return Daemon(folder, "containerd", command, (place / "containerd.sock").is_socket)


_CONTAINERD = """version = 2
root = "{place}/root"
state = "{place}/state"
[grpc]
  address = "{place}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  # The machine may not let anybody lower it.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{place}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
"""


def _pods(place: Path) -> dict[str, object]:
    ranges = {"type": "host-local", "dataDir": str(place / "addresses"), "ranges": [[{"subnet": PODS}]]}
    bridge = {"type": "bridge", "bridge": "pods", "isGateway": True, "ipMasq": True, "hairpinMode": True}
    bridge["ipam"] = {**ranges, "routes": [{"dst": "0.0.0.0/0"}]}
    return {
        "cniVersion": "1.0.0",
        "name": "pods",
        "plugins": [bridge, {"type": "portmap", "capabilities": {"portMappings": True}}],
    }


def node(folder: Path, who: Identities) -> list[Daemon]:
    """The node's own: kubelet, Services, names."""
    place = folder / "kubelet"
    place.mkdir(parents=True, exist_ok=True)
    (place / "config.yaml").write_text(yaml.safe_dump(_kubelet(folder, who)))
    (place / "proxy.yaml").write_text(yaml.safe_dump(_proxy(who)))
    (place / "Corefile").write_text(_NAMES.format(config=who.config("admin")))
    at = programs.kubernetes()
    kubelet = [str(at / "kubelet"), f"--config={place / 'config.yaml'}", f"--kubeconfig={who.config('kubelet')}"]
    kubelet += ["--hostname-override=node", f"--node-ip={NODE}", f"--root-dir={place / 'root'}"]
    kubelet += [f"--cert-dir={place / 'certificates'}"]
    return [
        Daemon(folder, "kubelet", kubelet, lambda: _ok("http://127.0.0.1:10248/healthz")),
        Daemon(folder, "kube-proxy", [str(at / "kube-proxy"), f"--config={place / 'proxy.yaml'}"]),
        Daemon(folder, "coredns", [str(programs.coredns()), f"-conf={place / 'Corefile'}"]),
    ]


_NAMES = """.:53 {{
  bind 10.89.0.1
  errors
  kubernetes cluster.local in-addr.arpa ip6.arpa {{
    kubeconfig {config}
    ttl 5
  }}
}}
"""


def _kubelet(folder: Path, who: Identities) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": False}, "x509": {"clientCAFile": who.file("ca.crt")}},
        "authorization": {"mode": "AlwaysAllow"},
        "containerRuntimeEndpoint": f"unix://{folder}/containerd/containerd.sock",
        "cgroupDriver": "cgroupfs",
        # Machines with the older cgroups are refused from 1.35 on, unless this says otherwise.
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "resolvConf": "",
        "clusterDNS": [DNS],
        "clusterDomain": "cluster.local",
        "podLogsDir": str(folder / "kubelet" / "logs"),
        "volumePluginDir": str(folder / "kubelet" / "plugins"),
        "evictionHard": {"nodefs.available": "2%", "imagefs.available": "2%", "memory.available": "200Mi"},
        "imageGCHighThresholdPercent": 100,
        "shutdownGracePeriod": "0s",
    }


def _proxy(who: Identities) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": str(who.config("kube-proxy"))},
        "hostnameOverride": "node",
        "clusterCIDR": PODS,
        "conntrack": {"maxPerCore": 0},
    }


def _ok(url: str) -> bool:
    command = network.inside(["curl", "--fail", "--silent", "--max-time", "2", url])
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
