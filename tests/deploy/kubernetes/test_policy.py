"""What every pod must hold to: the `restricted` level of Pod Security, and what of it reaches further."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.cluster.images import tags
from madseg import __version__
from madseg.predictor.grpc_api import MAX_NETWORK_BYTES
from tests.deploy.kubernetes.rendered import KUBERNETES, VARIANTS, containers, labels, named, pods, rendered

variants = pytest.mark.parametrize("variant", VARIANTS)

PINNED = re.compile(r"(@sha256:[0-9a-f]{64}|:v?\d[\w.-]*)$")


@variants
def test_no_pod_has_rights(variant: str) -> None:
    """No root, no capability, a root that can't be written, nothing of the node's."""
    for _, pod in pods(rendered(variant)):
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] == security["runAsGroup"] == 10001
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        assert not any("hostPath" in volume for volume in pod.get("volumes", []))
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


@variants
def test_no_pod_knows_the_cluster(variant: str) -> None:
    """Neither a token of the API server, but for whoever has a role there, nor variables of Services, which would be
    taken for settings."""
    objects = rendered(variant)
    bound = {subject["name"] for item in named(objects, "RoleBinding").values() for subject in item["subjects"]}
    for _, pod in pods(objects):
        knowing = pod["serviceAccountName"] in bound
        assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (knowing, False)


@variants
def test_every_container_says_what_it_takes(variant: str) -> None:
    """Requests to be placed by, limits on what the node would have to share. CPU alone may be borrowed."""
    for _, pod in pods(rendered(variant)):
        for container in containers(pod):
            assert container["resources"]["requests"].keys() == {"cpu", "memory", "ephemeral-storage"}
            assert {"memory", "ephemeral-storage"} <= container["resources"]["limits"].keys()
            assert any(
                mount["mountPath"] == "/tmp" for mount in container.get("volumeMounts", [])
            ) or container in pod.get("initContainers", [])


@variants
def test_volumes_of_a_pod_fit_into_what_it_may_store(variant: str) -> None:
    """Else it is evicted before they are full; those in memory count there."""
    for workload, pod in pods(rendered(variant)):
        stored = [
            volume["emptyDir"]["sizeLimit"]
            for volume in pod.get("volumes", [])
            if "emptyDir" in volume and "medium" not in volume["emptyDir"]
        ]
        allowed = [container["resources"]["limits"]["ephemeral-storage"] for container in pod["containers"]]
        assert sum(map(_bytes, stored)) < sum(map(_bytes, allowed)), workload["metadata"]["name"]


@variants
def test_two_networks_of_the_largest_size_may_come_in(variant: str) -> None:
    """At once, which are kept in files until they are checked."""
    pod = named(rendered(variant), "Deployment")["models"]["spec"]["template"]["spec"]
    (size,) = (volume["emptyDir"]["sizeLimit"] for volume in pod["volumes"] if volume["name"] == "tmp")
    assert _bytes(size) > 2 * MAX_NETWORK_BYTES


def _bytes(quantity: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([MG])i", quantity).groups()  # type: ignore[union-attr]
    return int(number) << {"M": 20, "G": 30}[unit]


@variants
def test_every_image_is_pinned(variant: str) -> None:
    """To a version, ours to this one."""
    for _, pod in pods(rendered(variant)):
        for container in containers(pod):
            assert PINNED.search(container["image"]), container["image"]
            if container["image"].startswith(("madseg/service:", "madseg/finetune:")):
                assert container["image"].endswith(f":{__version__}")


def test_the_overlay_local_runs_the_images_that_are_built() -> None:
    """And no others, but for the one with torch."""
    wanted = {f"madseg/{name}:{tag}" for name, tag in tags().items()}
    found = {container["image"] for _, pod in pods(rendered("local")) for container in containers(pod)}
    assert found - {f"madseg/finetune:{__version__}"} == wanted


@variants
def test_pods_are_spread(variant: str) -> None:
    """Over zones and nodes, each kind for itself, where there may be several."""
    for workload, pod in pods(rendered(variant)):
        if workload["kind"] == "Deployment":
            keys = [item["topologyKey"] for item in pod["topologySpreadConstraints"]]
            assert "kubernetes.io/hostname" in keys
            for item in pod["topologySpreadConstraints"]:
                assert item["labelSelector"]["matchLabels"].items() <= labels(workload).items()


@variants
def test_pods_end_in_order(variant: str) -> None:
    """Whoever is called waits until no Service leads to it, and has time for what is under way."""
    objects = rendered(variant)
    for workload, pod in pods(objects):
        if workload["kind"] == "Job" or workload["metadata"]["labels"].get("madseg/program") == "server":
            continue
        assert pod["terminationGracePeriodSeconds"] >= 60
        if workload["metadata"]["name"] in named(objects, "Service").keys() - {"finetune"}:
            assert pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] >= 5


@variants
def test_migrations_are_a_job_of_the_release(variant: str) -> None:
    """A job can't be changed, so that its name has the version."""
    (job,) = named(rendered(variant), "Job").values()
    assert job["metadata"]["name"] == f"migrate-{__version__.replace('.', '-')}"


@pytest.mark.parametrize(
    "image", sorted(path.parent.name for path in (KUBERNETES.parent / "images").glob("*/Dockerfile"))
)
def test_the_dockerfiles_are_clean(image: str) -> None:
    """By hadolint."""
    file = KUBERNETES.parent / "images" / image / "Dockerfile"
    lint = subprocess.run([Path(sys.executable).with_name("hadolint"), file], capture_output=True, text=True)
    assert (lint.returncode, lint.stdout) == (0, "")
