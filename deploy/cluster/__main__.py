"""`python -m deploy.cluster up|down|images|apply|keda|training|kubectl|run`; `make cluster` does up, images and apply.

up               a one-node Kubernetes in build/cluster
down             ends it and removes whatever it left
images FOLDER    builds the images of the overlay `local` into archives; without a folder into the cluster
apply            the overlay `local` and its secrets into the cluster
apply CONTEXT    the same into another cluster, by the kubectl on the PATH and its context
keda             KEDA, built from its module, into the cluster, and the overlay `local-keda`
training         the image with torch into the cluster, and the overlay `local-training`
kubectl ...      asks the cluster
run COMMAND ...  runs a command in the cluster's network
"""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.cluster import images, keda, network, programs
from deploy.cluster.credentials import Credentials
from deploy.cluster.node import Cluster
from deploy.local.server import Failed
from madseg import __version__

FOLDER = Path("build/cluster")
OVERLAYS = Path(__file__).parents[1] / "kubernetes" / "overlays"


def main() -> int:
    """Returns the exit status."""
    act, words = (sys.argv[1:2] or ["help"])[0], sys.argv[2:]
    if act not in _ACTS:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return _ACTS[act](Cluster(FOLDER), words)
    except Failed as error:
        print(error, file=sys.stderr)
        return 1


def _up(cluster: Cluster, _words: list[str]) -> int:
    print("Building Kubernetes, the first time, and starting it ...", file=sys.stderr)
    cluster.up()
    return 0


def _down(cluster: Cluster, _words: list[str]) -> int:
    cluster.down()
    return 0


def _images(cluster: Cluster, words: list[str]) -> int:
    if not words:
        _load(cluster, images.tags())
        return 0
    for archive in images.archives(Path(words[0]), images.tags()):
        print(f"built {archive}", file=sys.stderr)
    return 0


def _load(cluster: Cluster, wanted: Mapping[str, str]) -> None:
    for archive in images.archives(cluster.folder / "archives", wanted):
        print(f"built {archive.name}", file=sys.stderr)
        cluster.load(archive)
        archive.unlink()


def _keda(cluster: Cluster, _words: list[str]) -> int:
    _load(cluster, {"keda": keda.TAG})
    keda.install(cluster)
    return _apply(cluster, [], "local-keda")


def _training(cluster: Cluster, _words: list[str]) -> int:
    _load(cluster, {"finetune": __version__})
    return _apply(cluster, [], "local-training")


def _apply(cluster: Cluster, words: list[str], overlay: str = "local") -> int:
    """Secrets that are there stay: the database knows its password already."""
    kubectl = ["kubectl", f"--context={words[0]}"] if words else cluster.kubectl_command()
    build = [str(programs.kustomize()), "build", str(OVERLAYS / overlay)]
    rendered = subprocess.run(build, check=True, capture_output=True, text=True).stdout
    namespace = (OVERLAYS / "local" / "namespace.yaml").read_text()
    _into(kubectl, "apply", "--server-side", "--filename=-", given=namespace)
    found = subprocess.run([*kubectl, "get", "secret", "database", "-n", "madseg"], capture_output=True, check=False)
    if found.returncode:
        _into(kubectl, "create", "--filename=-", given=Credentials().manifests())
    _into(kubectl, "apply", "--server-side", "--force-conflicts", "--validate=strict", "--filename=-", given=rendered)
    return 0


def _into(kubectl: list[str], *words: str, given: str) -> None:
    done = subprocess.run([*kubectl, *words], input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"kubectl {words[0]} failed:\n{done.stderr[-3000:]}")


def _kubectl(cluster: Cluster, words: list[str]) -> int:
    return subprocess.run(cluster.kubectl_command(*words), check=False).returncode


def _run(_cluster: Cluster, words: list[str]) -> int:
    return subprocess.run(network.inside(words), check=False).returncode


_ACTS: dict[str, Callable[[Cluster, list[str]], int]] = {
    "up": _up,
    "down": _down,
    "images": _images,
    "apply": _apply,
    "keda": _keda,
    "training": _training,
    "kubectl": _kubectl,
    "run": _run,
}

if __name__ == "__main__":
    sys.exit(main())
