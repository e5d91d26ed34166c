"""What a cluster leaves beside its folder, found and removed: containers, mounts, control groups, sockets."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
LOGS = Path("/var/log/containers")

FIXED = (
    Path("/var/lib/kubelet"),
    Path("/var/lib/cni"),
    Path("/opt/containerd"),
    Path("/run/containerd"),
    Path("/var/log/pods"),
    LOGS,
)
"""Folders that the programs make wherever they are told to put their things."""


def note(folder: Path, fixed: Iterable[Path] = FIXED) -> None:
    """Notes which of the fixed folders are absent, once: those are the cluster's own and go with it."""
    path = folder / "made.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([str(place) for place in fixed if not place.exists()]))


def remove_noted(folder: Path) -> None:
    """Removes the folders that were absent before the cluster."""
    path = folder / "made.json"
    for place in json.loads(path.read_text()) if path.exists() else ():
        shutil.rmtree(place, ignore_errors=True)


def ctr(place: Path) -> list[str]:
    """The command line of containerd's client, on the containers of Kubernetes."""
    return ["ctr", "--address", str(place / "containerd.sock"), "--namespace", "k8s.io"]


def end_containers(place: Path) -> None:
    """Kills every container of the containerd below `place`, and forgets it."""
    for task in _lines([*ctr(place), "tasks", "ls", "--quiet"]):
        subprocess.run([*ctr(place), "tasks", "rm", "--force", task], capture_output=True, check=False)
    names = _lines([*ctr(place), "containers", "ls", "--quiet"])
    if names:
        subprocess.run([*ctr(place), "containers", "rm", *names], capture_output=True, check=False)


def remove(folder: Path) -> None:
    """Ends shims, unmounts what lies below the folder, and removes what points to it."""
    for process in list(_processes(str(folder / "containerd" / "containerd.sock"))):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    for socket in _sockets(folder):
        socket.unlink(missing_ok=True)
    for _ in range(20):
        mounts = _mounts(folder)
        for mount in reversed(mounts):
            subprocess.run(["umount", "--lazy", mount], capture_output=True, check=False)
        if not mounts:
            break
        time.sleep(0.1)
    for link in LOGS.glob("*.log"):
        if link.is_symlink() and str(link.readlink()).startswith(str(folder)):
            link.unlink()
    remove_noted(folder)
    for group in [*GROUPS.glob("*/kubepods"), *GROUPS.glob("kubepods")]:
        _remove_groups(group)


def _remove_groups(group: Path) -> None:
    for path, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):
            Path(path).rmdir()


def _processes(word: str) -> Iterator[int]:
    """Those whose command line has a word."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if word.encode() in path.read_bytes().split(b"\0") and int(path.parent.name) != os.getpid():
                yield int(path.parent.name)


def _sockets(folder: Path) -> list[Path]:
    """Those of shims, which lie outside."""
    places = (folder / "containerd" / "state" / "io.containerd.runtime.v2.task").glob("*/*/address")
    return [Path(place.read_text().removeprefix("unix://")) for place in places]


def _mounts(folder: Path) -> list[str]:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    found = [line.split()[1].replace("\\040", " ") for line in lines]
    return [place for place in found if place.startswith(f"{folder}/")]


def _lines(command: list[str]) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
