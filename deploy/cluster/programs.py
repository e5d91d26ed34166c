"""The programs of Kubernetes, built from their Go modules once per machine: pinned, and checked by Go's checksums.

The first build of all of them takes four minutes on two free cores.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deploy.local.s3 import check_go
from deploy.local.server import TOOLS, Failed, locked

KUBERNETES = "v1.36.3"
ETCD = "v3.6.5"
COREDNS = "v1.15.0"
KUSTOMIZE = "v5.8.1"
KEDA = "v2.21.0"

_KEDA = "github.com/kedacore/keda/v2"

CLUSTER = "kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl".split()

_VERSION = "k8s.io/component-base/version"


def kubernetes() -> Path:
    """The folder with the programs of `CLUSTER`. Raises Failed, or Lacking without Go."""
    return _made(f"kubernetes-{KUBERNETES}", _kubernetes)


def etcd() -> Path:
    """The store of the API server."""
    return _made(f"etcd-{ETCD}", lambda to: _build(to, ["go.etcd.io/etcd/server/v3"], {}, ETCD)) / "server"


def coredns() -> Path:
    """Names inside of the cluster."""
    return _made(f"coredns-{COREDNS}", lambda to: _install(to, f"github.com/coredns/coredns@{COREDNS}")) / "coredns"


def kustomize() -> Path:
    """What renders overlays as `kubectl kustomize` does, without the rest of kubectl."""
    module = f"sigs.k8s.io/kustomize/kustomize/v5@{KUSTOMIZE}"
    return _made(f"kustomize-{KUSTOMIZE}", lambda to: _install(to, module)) / "kustomize"


def keda() -> Path:
    """The folder with KEDA's `operator` and `adapter`; as long again as Kubernetes itself."""
    return _made(f"keda-{KEDA}", _make_keda)


def keda_manifests() -> Path:
    """KEDA's own Kustomize configuration, as its module has it."""
    told = _go(TOOLS, "mod", "download", "-json", f"{_KEDA}@{KEDA}")
    return Path(re.findall(r'"Dir": "(.*)"', told)[0]) / "config"


def _make_keda(folder: Path) -> None:
    module = _module_file(folder, "keda", _KEDA, KEDA).read_text()
    replaced = re.findall(r"^replace (\S+ \S+) => (\S+ \S+)$", module, re.MULTILINE)
    _go(folder, "mod", "edit", *(f"-replace={old}={new}".replace(" ", "@") for old, new in replaced))
    _go(folder, "build", *_flags({}), "-o", f"{folder}/", f"{_KEDA}/cmd/operator", f"{_KEDA}/cmd/adapter")


def _made(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of a tool; made beside its place and moved there where it is absent."""
    place = TOOLS / name
    with locked(TOOLS / f".{name}"):
        if not place.exists():
            check_go()
            made = place.with_name(f"{name}.part")
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir(parents=True)
            make(made)
            made.rename(place)
    return place


def _kubernetes(folder: Path) -> None:
    """Its own go.mod replaces its parts by folders beside it, which a module of ours takes in their released form."""
    module = _module_file(folder, "kubernetes", "k8s.io/kubernetes", KUBERNETES)
    parts = re.findall(r"^\s+(k8s\.io/\S+) => \./staging", module.read_text(), re.MULTILINE)
    released = KUBERNETES.replace("v1.", "v0.", 1)
    _go(folder, "mod", "edit", *(f"-replace={part}={part}@{released}" for part in parts))
    major, minor, _ = KUBERNETES.removeprefix("v").split(".")
    # Without its version a component reports v0.0.0, and others refuse it.
    said = {"gitVersion": KUBERNETES, "gitMajor": major, "gitMinor": minor}
    _go(folder, "build", *_flags(said), "-o", f"{folder}/", *(f"k8s.io/kubernetes/cmd/{name}" for name in CLUSTER))


def _module_file(folder: Path, name: str, module: str, version: str) -> Path:
    """Begins a module of ours that requires another; returns that one's go.mod."""
    _go(folder, "mod", "init", f"madseg/{name}")
    _go(folder, "mod", "edit", f"-require={module}@{version}")
    return Path(re.findall(r'"GoMod": "(.*)"', _go(folder, "mod", "download", "-json", f"{module}@{version}"))[0])


def _build(folder: Path, packages: Sequence[str], said: Mapping[str, str], version: str) -> None:
    """For modules with replacements of their own, which `go install` refuses."""
    _go(folder, "mod", "init", f"madseg/{folder.name.partition('-')[0]}")
    _go(folder, "mod", "edit", *(f"-require={package}@{version}" for package in packages))
    _go(folder, "build", *_flags(said), "-o", f"{folder}/", *packages)


def _install(folder: Path, module: str) -> None:
    _go(folder, "install", *_flags({}), module, GOBIN=str(folder), GOFLAGS="")


def _flags(said: Mapping[str, str]) -> list[str]:
    values = " ".join(f"-X {_VERSION}.{name}={value}" for name, value in said.items())
    return ["-trimpath", "-ldflags", f"-s -w {values}".rstrip()]


def _go(folder: Path, *words: str, **environment: str) -> str:
    """What go says, run in a folder. Others on the machine go first."""
    given = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", **environment}
    done = subprocess.run(["nice", "go", *words], cwd=folder, env=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"go {' '.join(words[:2])} failed:\n{done.stderr[-3000:]}")
    return done.stdout
