"""Images built from Dockerfiles as they are, without a Docker engine: buildah, as root, in a store of this checkout.

The base image that the Dockerfiles name is replaced by a Debian of the same release, made by debootstrap once per
machine.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.server import TOOLS, Failed, Lacking, locked

STORE = TOOLS / "images"
"""Of buildah: apart from that of the machine's user."""

BASE = "docker.io/library/python:3.11-slim-bookworm"
"""What the Dockerfiles build on."""

INSTALL = "apt-get install -y --no-install-recommends buildah debootstrap"


@dataclass(frozen=True)
class Recipe:
    """What an image is built from.

    `contexts` are further folders that the Dockerfile copies from, by name; `kept` are stages whose layers stay for the
    next time; `arguments` are build arguments; `pip` says that it installs with pip, by this machine's settings of it.
    """

    dockerfile: Path
    context: Path
    contexts: Mapping[str, Path] = field(default_factory=dict)
    kept: Sequence[str] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)
    pip: bool = True


def check() -> None:
    """Raises Lacking where images can't be built here."""
    if not all(map(shutil.which, ("buildah", "debootstrap"))):
        raise Lacking(f"images are built with buildah: {INSTALL}")
    if os.geteuid() != 0:
        raise Lacking("images are built as root: sudo make cluster")


def build(name: str, recipe: Recipe, folder: Path) -> None:
    """Builds an image under a name; `folder` takes what lies about meanwhile.

    Raises:
        Failed: a step failed; the message has the end of what it said.
    """
    with locked(TOOLS / ".images"):
        if run("images", "--quiet", "--filter", f"reference={BASE}") == "":
            _make_base(folder / "base")
        given = [f"--build-arg={key}={value}" for key, value in recipe.arguments.items()]
        given += [f"--build-context={key}={value}" for key, value in recipe.contexts.items()]
        network = {"/etc/resolv.conf": "/etc/resolv.conf", **(_settings_of_pip(folder) if recipe.pip else {})}
        given += [f"--volume={source}:{target}:ro" for source, target in network.items() if Path(source).exists()]
        given += ["--isolation", "chroot", "--pull-never", "--layers", "--file", str(recipe.dockerfile)]
        for stage in recipe.kept:
            run("bud", *given, "--target", stage, "--tag", f"{name}-{stage}", str(recipe.context))
        run("bud", *given, "--tag", name, str(recipe.context))
        run("rmi", "--prune")


def export(name: str, file: Path, shown_as: str) -> None:
    """Writes an image into an OCI archive, under the name that a cluster knows it by."""
    file.unlink(missing_ok=True)
    run("push", "--quiet", name, f"oci-archive:{file}:{shown_as}")


def run(*words: str) -> str:
    """What buildah says.

    Raises:
        Failed: it ended with an error.
    """
    return _run("buildah", "--root", str(STORE / "root"), "--runroot", str(STORE / "run"), *words)


def _make_base(folder: Path) -> None:
    """A Debian with Python, as the image that the Dockerfiles name has it."""
    _run("debootstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates", "bookworm", str(folder))
    for waste in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(folder / waste)
    for name in ("python", "python3"):
        (folder / "usr/local/bin" / name).symlink_to("/usr/bin/python3")
    container = run("from", "scratch")
    run("add", "--quiet", container, str(folder), "/")
    run("config", "--env", "PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin", container)
    run("commit", "--quiet", container, BASE)
    run("rm", container)
    shutil.rmtree(folder)


def _settings_of_pip(folder: Path) -> dict[str, str]:
    """What pip needs of this machine to reach its index: settings and certificates."""
    said = re.findall(
        r"^(?:global|install|:env:)\.([a-z-]+)='(.*)'$",
        _run(sys.executable, "-m", "pip", "config", "list"),
        re.MULTILINE,
    )
    settings = {name: value for name, value in said if name in {"index-url", "extra-index-url", "cert"}}
    pip = folder / "pip.conf"
    pip.touch(mode=0o600)  # an address may hold a password
    pip.write_text("\n".join(["[global]", *(f"{name} = {value}" for name, value in settings.items()), ""]))
    same = [settings.get("cert", ""), "/etc/ssl/certs"]
    return {str(pip): "/etc/pip.conf", **{path: path for path in same if path}}


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(words)} failed:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout.strip()
