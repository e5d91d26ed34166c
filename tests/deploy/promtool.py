"""Prometheus' own checker of rules and configurations: the one on PATH, else Debian's, unpacked and not installed.

Installing the package would start a server on this machine.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from deploy.local.server import TOOLS, Lacking, locked

_UNPACKED = TOOLS / "prometheus" / "usr" / "bin" / "promtool"


def promtool() -> Path:
    """Where it is. Raises Lacking with the line that installs it."""
    found = shutil.which("promtool")
    if found is not None:
        return Path(found)
    with locked(TOOLS / ".prometheus"):
        if not _UNPACKED.exists():
            _unpack()
    return _UNPACKED


def _unpack() -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise Lacking("promtool isn't there: install Prometheus from https://prometheus.io/download and put it on PATH")
    with tempfile.TemporaryDirectory(dir=TOOLS) as folder:
        fetched = subprocess.run(["apt-get", "download", "prometheus"], cwd=folder, capture_output=True, text=True)
        packages = list(Path(folder).glob("prometheus_*.deb"))
        if not packages:
            raise Lacking(
                f"promtool isn't there: apt-get update && apt-get download prometheus: {fetched.stderr[-300:]}"
            )
        made = Path(folder) / "unpacked"
        subprocess.run(["dpkg-deb", "--extract", str(packages[0]), str(made)], check=True)
        made.rename(TOOLS / "prometheus")
