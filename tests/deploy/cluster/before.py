"""The release before limits, certificates and the audit log: its image into the cluster, its manifests beside it.
Nothing where the checkout has no history back to it.

`python -m tests.deploy.cluster.before`, outside of the cluster's network, as the image is built and pip is asked.
"""

import io
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from deploy.cluster import buildah
from deploy.cluster.buildah import Recipe
from deploy.cluster.programs import kustomize
from tests.deploy.cluster.running import ROOT, Running
from tests.pipeline.servers.upgrade import BEFORE

TAG = "before"
NAME, SHOWN_AS = f"localhost/madseg-service:{TAG}", f"docker.io/madseg/service:{TAG}"


def main() -> None:
    cluster = Running().cluster
    found = subprocess.run(["git", "archive", BEFORE], cwd=ROOT, capture_output=True, check=False)
    if found.returncode:
        print(f"No upgrade is tried: the history of this checkout doesn't reach back to {BEFORE}", file=sys.stderr)
        return
    with TemporaryDirectory() as folder:
        tree, archive = Path(folder) / "tree", Path(folder) / "service.tar"
        with tarfile.open(fileobj=io.BytesIO(found.stdout)) as content:
            content.extractall(tree, filter="data")
        buildah.build(NAME, Recipe(tree / "deploy" / "images" / "Dockerfile", tree, kept=["packages"]), Path(folder))
        buildah.export(NAME, archive, SHOWN_AS)
        cluster.load(archive)
        place(cluster.folder).write_text(services(tree).replace("madseg/service:0.1.0", f"madseg/service:{TAG}"))


def place(cluster: Path) -> Path:
    """Where the manifests are, in the folder of the cluster."""
    return cluster / f"{TAG}.yaml"


def services(tree: Path) -> str:
    """What the overlay `local` of a release says of madseg's own services."""
    build = [str(kustomize()), "build", str(tree / "deploy" / "kubernetes" / "overlays" / "local")]
    rendered = subprocess.run(build, check=True, capture_output=True, text=True).stdout
    found = [item for item in yaml.safe_load_all(rendered) if item["kind"] == "ConfigMap" or is_ours(item)]
    return str(yaml.safe_dump_all(found))


def is_ours(item: Any) -> bool:
    """A Deployment of madseg's own image, but for fine-tuning, which is another's."""
    program = item["metadata"].get("labels", {}).get("madseg/program")
    return bool(item["kind"] == "Deployment" and program == "service" and item["metadata"]["name"] != "finetune")


if __name__ == "__main__":
    main()
