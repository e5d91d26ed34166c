"""KEDA in the cluster: its own manifests, with the images that are built here."""

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from deploy.cluster import programs
from deploy.cluster.node import Cluster

IMAGES = {"ghcr.io/kedacore/keda": "madseg/keda", "ghcr.io/kedacore/keda-metrics-apiserver": "madseg/keda"}
"""What the manifests name, and what is in both."""

TAG = programs.KEDA.removeprefix("v")


def install(cluster: Cluster) -> None:
    """Applies it, and waits until it works."""
    cluster.apply(manifests())
    for name in ("keda-operator", "keda-metrics-apiserver"):
        cluster.kubectl("rollout", "status", f"deployment/{name}", "--namespace=keda", "--timeout=600s")


def manifests() -> str:
    """Rendered from the module's own configuration."""
    with TemporaryDirectory() as folder:
        there = os.path.relpath(programs.keda_manifests() / "minimal", Path(folder).resolve())
        images = [{"name": name, "newName": made, "newTag": TAG} for name, made in IMAGES.items()]
        (Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump({"resources": [there], "images": images}))
        done = subprocess.run([programs.kustomize(), "build", folder], check=True, capture_output=True, text=True)
    return done.stdout.replace("imagePullPolicy: Always", "imagePullPolicy: IfNotPresent")
