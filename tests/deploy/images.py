"""Images built from the Dockerfile as it is, and run, without a Docker engine: buildah, unshare and chroot.

The base image that the Dockerfile names is replaced by a Debian of the same release, made by debootstrap once per
machine. Needs root.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.server import TOOLS, locked

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "images" / "Dockerfile"
STORE = TOOLS / "images"
"""Of buildah: apart from that of the machine's user."""

BASE = "docker.io/library/python:3.11-slim-bookworm"
"""What the Dockerfile builds on."""


def need_buildah() -> None:
    """Skips the test where images can't be built."""
    if not all(map(shutil.which, ("buildah", "debootstrap"))):
        pytest.skip("images are built with buildah: apt-get install -y --no-install-recommends buildah debootstrap")
    if os.geteuid() != 0:
        pytest.skip("images are built and run as root: sudo make test")


def build(name: str, folder: Path, **arguments: str) -> "Image":
    """Builds the Dockerfile under a name; the layer of packages is kept for the next time."""
    with locked(TOOLS / ".images"):
        if _buildah("images", "--quiet", "--filter", f"reference={BASE}") == "":
            _make_base(folder / "base")
        given = [f"--build-arg={key}={value}" for key, value in arguments.items()]
        given += [f"--volume={source}:{target}:ro" for source, target in _network(folder).items()]
        given += ["--isolation", "chroot", "--pull-never", "--layers", "--file", str(DOCKERFILE)]
        _buildah("bud", *given, "--target", "packages", "--tag", f"{name}-packages", str(ROOT))
        _buildah("bud", *given, "--tag", name, str(ROOT))
        _buildah("rmi", "--prune")
    return Image(name)


@dataclass(frozen=True)
class Image:
    """A built image."""

    name: str

    @property
    def config(self) -> dict[str, object]:
        """User, Env, Entrypoint, Cmd and WorkingDir, as the image has them."""
        found: dict[str, object] = json.loads(_buildah("inspect", "--type", "image", self.name))["OCIv1"]["config"]
        return found

    @contextmanager
    def started(self) -> Iterator["Container"]:
        """A container whose commands see the image read-only."""
        container = _buildah("from", "--pull-never", self.name)
        try:
            yield Container(Path(_buildah("mount", container)), self.config)
        finally:
            _buildah("umount", container)
            _buildah("rm", container)


@dataclass(frozen=True)
class Container:
    """`root` is where the image's files are."""

    root: Path
    config: Mapping[str, object]

    def command(self, *words: str, environment: Mapping[str, str], volumes: Mapping[Path, str]) -> list[str]:
        """What runs `words` as an engine would: the image's entrypoint, user and variables, and nothing of this machine
        but its network. The root is read-only, /tmp is empty, `volumes` are what of this machine is where.
        """
        mounts = [f"mount --bind {self.root} {self.root}", f"mount -o remount,bind,ro {self.root}"]
        mounts += [f"mount -t tmpfs tmpfs {self.root}/tmp", f"mount -t proc proc {self.root}/proc"]
        mounts += [f"mount --bind {source} {self.root}{target}" for source, target in volumes.items()]
        variables = [*_words(self.config["Env"]), *(f"{key}={value}" for key, value in environment.items())]
        entered = ["chroot", f"--userspec={self.config['User']}", str(self.root), "env", "--ignore-environment"]
        entered += [f"--chdir={self.config['WorkingDir']}", *variables, *_words(self.config["Entrypoint"]), *words]
        return ["unshare", "--mount", "sh", "-c", " && ".join([*mounts, 'exec "$@"']), "sh", *entered]


def _words(found: object) -> list[str]:
    assert isinstance(found, list)
    return [str(item) for item in found]


def _make_base(folder: Path) -> None:
    """A Debian with Python, as the image that the Dockerfile names has it."""
    _run("debootstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates", "bookworm", str(folder))
    for waste in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(folder / waste)
    for name in ("python", "python3"):
        (folder / "usr/local/bin" / name).symlink_to("/usr/bin/python3")
    container = _buildah("from", "scratch")
    _buildah("add", "--quiet", container, str(folder), "/")
    _buildah("config", "--env", "PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin", container)
    _buildah("commit", "--quiet", container, BASE)
    _buildah("rm", container)
    shutil.rmtree(folder)


def _network(folder: Path) -> dict[str, str]:
    """What pip needs of this machine to reach its index: settings, certificates, names."""
    said = re.findall(
        r"^(?:global|install|:env:)\.([a-z-]+)='(.*)'$",
        _run(sys.executable, "-m", "pip", "config", "list"),
        re.MULTILINE,
    )
    settings = {name: value for name, value in said if name in {"index-url", "extra-index-url", "cert"}}
    pip = folder / "pip.conf"
    pip.touch(mode=0o600)  # an address may hold a password
    pip.write_text("\n".join(["[global]", *(f"{name} = {value}" for name, value in settings.items()), ""]))
    same = [settings.get("cert", ""), "/etc/resolv.conf", "/etc/ssl/certs"]
    return {str(pip): "/etc/pip.conf", **{path: path for path in same if path and Path(path).exists()}}


def _buildah(*words: str) -> str:
    return _run("buildah", "--root", str(STORE / "root"), "--runroot", str(STORE / "run"), *words)


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(words)} failed:\n{(done.stdout + done.stderr)[-4000:]}"
    return done.stdout.strip()
