"""Network policies: whom they hold for, and that whoever has to call somebody may."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.deploy.kubernetes.rendered import VARIANTS, Object, labels, named, pods, rendered

NETWORKED = [name for name in VARIANTS if name.startswith("production") or "network-policies" in name]

variants = pytest.mark.parametrize("variant", NETWORKED)

OTHERS: tuple[Mapping[str, str], ...] = (
    {},
    {"app.kubernetes.io/name": "kafka", "app.kubernetes.io/part-of": "strimzi-madseg", "strimzi.io/cluster": "madseg"},
    {"app.kubernetes.io/name": "entity-operator", "app.kubernetes.io/part-of": "strimzi-madseg"},
    {"name": "strimzi-cluster-operator", "strimzi.io/kind": "cluster-operator"},
)
"""Labels of pods that may stand in the same namespace and aren't ours: Strimzi's, and one that has none."""


def chosen(selector: Object, having: Mapping[str, str]) -> bool:
    """Whether a policy's selector means a pod with these labels; an empty one means all."""
    expressions: list[dict[str, Any]] = selector.get("matchExpressions", [])
    assert all(item["operator"] == "In" for item in expressions)
    return selector.get("matchLabels", {}).items() <= having.items() and all(
        having.get(item["key"]) in item["values"] for item in expressions
    )


@variants
def test_policies_hold_for_our_pods_alone(variant: str) -> None:
    """Others in the namespace go on as they were: a policy that shuts everything shuts brokers too."""
    for name, policy in named(rendered(variant), "NetworkPolicy").items():
        for having in OTHERS:
            assert not chosen(policy["spec"]["podSelector"], having), name


@variants
def test_every_pod_of_ours_is_shut_and_finds_names(variant: str) -> None:
    """Jobs too; what may be besides is a policy of its own."""
    objects = rendered(variant)
    policies = named(objects, "NetworkPolicy")
    assert policies["nothing-by-default"]["spec"].get("policyTypes") == ["Ingress", "Egress"]
    for workload, _ in pods(objects):
        for name in ("nothing-by-default", "names"):
            assert chosen(policies[name]["spec"]["podSelector"], labels(workload)), workload["metadata"]["name"]


@variants
def test_the_api_server_is_asked_by_who_has_a_role_there(variant: str) -> None:
    """And by nobody else; wherever the component stands that gives the role."""
    objects = rendered(variant)
    bound = {subject["name"] for item in named(objects, "RoleBinding").values() for subject in item["subjects"]}
    policy = named(objects, "NetworkPolicy")["api-server"]["spec"]
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == {443, 6443}
    let = {pod["serviceAccountName"] for item, pod in pods(objects) if chosen(policy["podSelector"], labels(item))}
    assert let == bound


@variants
def test_pods_that_train_one_network_reach_each_other(variant: str) -> None:
    """At any port, and nobody else."""
    policy = named(rendered(variant), "NetworkPolicy")["training"]["spec"]
    themselves = {"podSelector": policy["podSelector"]}
    assert policy["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "training"}}
    assert (policy["ingress"], policy["egress"]) == ([{"from": [themselves]}], [{"to": [themselves]}])


@pytest.mark.parametrize("variant", sorted(set(VARIANTS) - set(NETWORKED)))
def test_without_the_component_nobody_is_shut(variant: str) -> None:
    """A single policy would shut whom it names from everything else."""
    assert not named(rendered(variant), "NetworkPolicy")
