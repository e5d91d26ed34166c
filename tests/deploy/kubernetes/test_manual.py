"""What docs/kubernetes.md has people write into their copy of an overlay does what it says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from tests.deploy.kubernetes.rendered import KUBERNETES, Object, changed, containers, named, pods, rendered
from tests.deploy.kubernetes.test_training import processes
from tests.pages.blocks import Block, blocks

PAGE = KUBERNETES.parents[1] / "docs" / "kubernetes.md"


def lines(block: Block) -> Mapping[str, list[Any]]:
    """Of a kustomization.yaml."""
    found: Mapping[str, list[Any]] = yaml.safe_load(block.text)
    return found


LINES = [block for block in blocks(PAGE) if block.language == "yaml" and "kind" not in lines(block)]


def overlay(block: Block) -> str:
    """What it is meant for."""
    return "production+finetune-job-indexed" if "training" in block.text else "production"


def with_lines(words: str) -> tuple[Object, ...]:
    """A copy of the overlay with the one block that has these words."""
    (block,) = (block for block in LINES if words in block.text)
    return changed(overlay(block), lines(block))


@pytest.mark.parametrize("block", LINES, ids=lambda block: block.place)
def test_lines_of_the_manual_change_something(block: Block) -> None:
    """A patch that aims at nothing would be passed over in silence."""
    assert changed(overlay(block), lines(block)) != rendered(overlay(block))


def test_the_bucket_is_opened_with_the_secret_of_the_manual() -> None:
    """By the file of the key that step 4 makes, which lies where the URL says."""
    objects = with_lines("MADSEG_BLOBS")
    ((name, told),) = (
        (name, told) for name, told in named(objects, "ConfigMap").items() if "MADSEG_BLOBS" in told["data"]
    )
    url = told["data"]["MADSEG_BLOBS"]
    path = Path(dict(parse_qsl(urlsplit(url).query))["credentials"])
    assert f"create secret generic blobs --from-file={path.name}=" in PAGE.read_text()
    holding = 0
    for workload, pod in pods(objects):
        for container in containers(pod):
            if {"configMapRef": {"name": name}} in container.get("envFrom", []):
                volumes = {item["name"]: item.get("secret", {}).get("secretName") for item in pod["volumes"]}
                places = {item["mountPath"]: volumes[item["name"]] for item in container["volumeMounts"]}
                assert places[str(path.parent)] == "blobs", workload["metadata"]["name"]
                holding += 1
    assert holding == 3


def test_another_number_of_pods_is_agreed_upon() -> None:
    """By the lines that stand there."""
    assert processes(with_lines("completions")) == {4}


def test_the_manual_names_every_label_that_lets_in() -> None:
    """Of namespaces, by which policies know who may call."""
    text = PAGE.read_text()
    allowed = {
        source["namespaceSelector"]["matchLabels"]["madseg/may-call"]
        for policy in named(rendered("production"), "NetworkPolicy").values()
        for rule in policy["spec"].get("ingress", [])
        for source in rule["from"]
        if "namespaceSelector" in source
    }
    assert allowed == {"gateway", "selector", "metrics"}
    assert all(f"madseg/may-call={value}" in text for value in allowed)


def test_a_role_of_the_pods_finds_its_credentials() -> None:
    """At the addresses by which nodes of EKS give them out, and nobody else is let there."""
    policies = named(with_lines("169.254.170.23"), "NetworkPolicy")
    met = {
        (name, target["ipBlock"]["cidr"], port["port"])
        for name, policy in policies.items()
        for rule in policy["spec"].get("egress", [])
        for target in rule.get("to", [])
        if "ipBlock" in target
        for port in rule["ports"]
    }
    assert met == {("object-store", "169.254.170.23/32", 80), ("object-store", "169.254.169.254/32", 80)}
