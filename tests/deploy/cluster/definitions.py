"""Definitions of the custom resources that the overlays use, for a cluster without their operators."""

from typing import Any

import yaml

from tests.deploy.kubernetes.test_schemas import SPECIFICATIONS


def definitions() -> str:
    """As YAML: the fields of `custom.yaml` and no others."""
    found = []
    for kind, specification in SPECIFICATIONS.items():
        version, name = kind.split(" ")
        group, _, number = version.partition("/")
        plural = f"{name.lower()}s"
        schema = {"type": "object", "properties": {"spec": {"type": "object", **structural(specification)}}}
        names = {"kind": name, "plural": plural, "singular": name.lower(), "listKind": f"{name}List"}
        versions = [{"name": number, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]
        found.append(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": f"{plural}.{group}", "annotations": _approved(group)},
                "spec": {"group": group, "names": names, "scope": "Namespaced", "versions": versions},
            }
        )
    return yaml.safe_dump_all(found)


def structural(schema: Any) -> Any:
    """A schema as definitions may have it: unknown fields are refused by the server itself, and each has a type."""
    if isinstance(schema, list):
        return [structural(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: structural(part) for name, part in schema.items() if name not in {"const", "additionalProperties"}}
    if isinstance(schema.get("additionalProperties"), dict):
        found["additionalProperties"] = structural(schema["additionalProperties"])
    if "const" in schema:
        found["enum"] = [schema["const"]]
    if "enum" in found:
        found["type"] = "string"
    elif found.get("type") == "object" and not {"properties", "additionalProperties"} & found.keys():
        found["x-kubernetes-preserve-unknown-fields"] = True
    elif found.get("type") == "array" and "items" not in found:
        found["items"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return found


def _approved(group: str) -> dict[str, str]:
    """Groups of Kubernetes itself take a word on where the API was agreed upon."""
    return {"api-approved.kubernetes.io": "unapproved, for tests"} if group.endswith(".k8s.io") else {}
