"""What the overlays and components render to, and how to look things up in it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.cluster.programs import kustomize
from deploy.local.server import Lacking

KUBERNETES = Path(__file__).parents[3] / "deploy" / "kubernetes"

OVERLAYS = sorted(path.name for path in (KUBERNETES / "overlays").iterdir())
COMPONENTS = sorted(path.name for path in (KUBERNETES / "components").iterdir())
COMBINED = [
    "base+finetune-job+network-policies",
    "base+gpu+finetune-job",
    "base+mig+finetune-job-gpu",
    "production+finetune-job",
    "production+finetune-job-gpu",
    "production+finetune-job-indexed",
]
"""Components that change the same objects, in orders in which they may stand."""

VARIANTS = ["base", *OVERLAYS, *(f"base+{name}" for name in COMPONENTS), *COMBINED]
"""Everything that is rendered: the base with each component alone, too."""

WORKLOADS = {"Deployment", "StatefulSet", "Job"}

Object = Mapping[str, Any]


@cache
def rendered(variant: str) -> tuple[Object, ...]:
    """The objects of the base or of an overlay, with further components behind its own (`base+keda`)."""
    if "+" in variant:
        return changed(variant, {})
    return _render(KUBERNETES / ("base" if variant == "base" else f"overlays/{variant}"))


def changed(variant: str, more: Mapping[str, list[Any]]) -> tuple[Object, ...]:
    """The same with more in its kustomization.yaml, as in a copy of it: `patches`, `configMapGenerator`, ..."""
    name, *components = variant.split("+")
    with tempfile.TemporaryDirectory() as folder:
        there = os.path.relpath(KUBERNETES, Path(folder).resolve())
        made: dict[str, Any] = {"resources": [f"{there}/base"]}
        if name != "base":
            shutil.copytree(KUBERNETES / "overlays" / name, folder, dirs_exist_ok=True)
            made = yaml.safe_load((Path(folder) / "kustomization.yaml").read_text().replace("../..", there))
        added = {"components": [f"{there}/components/{component}" for component in components]}
        for key, items in [*added.items(), *more.items()]:
            made[key] = [*made.get(key, []), *items]
        (Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(made))
        return _render(Path(folder))


def _render(folder: Path) -> tuple[Object, ...]:
    try:
        program = kustomize()
    except Lacking as lacking:
        pytest.skip(str(lacking))
    done = subprocess.run([program, "build", folder], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return tuple(yaml.safe_load_all(done.stdout))


def named(objects: tuple[Object, ...], *kinds: str) -> dict[str, Object]:
    """Objects of some kinds by name."""
    return {item["metadata"]["name"]: item for item in objects if item["kind"] in kinds}


def pods(objects: tuple[Object, ...]) -> Iterator[tuple[Object, Object]]:
    """Each workload with the specification of its pods; a CronJob as the jobs that are made by it."""
    for item in objects:
        workload = {**item, **item["spec"]["jobTemplate"], "kind": "Job"} if item["kind"] == "CronJob" else item
        if workload["kind"] in WORKLOADS:
            yield {**workload, "metadata": item["metadata"]}, workload["spec"]["template"]["spec"]


def containers(pod: Object) -> list[Object]:
    """All of a pod's, those before its start too."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def labels(workload: Object) -> Mapping[str, str]:
    """Those of a workload's pods."""
    found: Mapping[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return found
