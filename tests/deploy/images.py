"""Images built from the Dockerfile as it is, and run, without a Docker engine: by buildah, unshare and chroot.

Needs root.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.cluster import buildah
from deploy.cluster.buildah import BASE, Recipe, run
from deploy.local.server import Lacking

__all__ = ["BASE", "DOCKERFILE", "ROOT", "Container", "Image", "build", "need_buildah", "run"]

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "images" / "Dockerfile"


def need_buildah() -> None:
    """Skips the test where images can't be built."""
    try:
        buildah.check()
    except Lacking as lacking:
        pytest.skip(str(lacking))


def build(name: str, folder: Path, **arguments: str) -> "Image":
    """Builds the Dockerfile under a name; the layer of packages is kept for the next time."""
    buildah.build(name, Recipe(DOCKERFILE, ROOT, kept=["packages"], arguments=arguments), folder)
    return Image(name)


@dataclass(frozen=True)
class Image:
    """A built image."""

    name: str

    @property
    def config(self) -> dict[str, object]:
        """User, Env, Entrypoint, Cmd and WorkingDir, as the image has them."""
        found: dict[str, object] = json.loads(run("inspect", "--type", "image", self.name))["OCIv1"]["config"]
        return found

    @contextmanager
    def started(self) -> Iterator["Container"]:
        """A container whose commands see the image read-only."""
        container = run("from", "--pull-never", self.name)
        try:
            yield Container(Path(run("mount", container)), self.config)
        finally:
            run("umount", container)
            run("rm", container)


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
