"""Every object against the schemas of the newest three versions of Kubernetes, custom ones against theirs; strictly."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft202012Validator
from kubernetes_validate.utils import latest_version

from tests.deploy.kubernetes.rendered import KUBERNETES, OVERLAYS, VARIANTS, Object, rendered

NEWEST = int(latest_version().split(".")[1])
VERSIONS = [f"1.{minor}" for minor in range(NEWEST - 2, NEWEST + 1)]

SPECIFICATIONS: dict[str, Any] = {
    kind: schema
    for kind, schema in yaml.safe_load(Path(__file__).with_name("custom.yaml").read_text()).items()
    if kind != "$defs"
}
"""By apiVersion and kind, what the field `spec` of a custom resource may hold."""

PUBLISHED = Path(os.environ.get("MADSEG_TEST_SCHEMAS", "../shared/schemas"))
"""A folder of whole schemas, `GROUP/KIND_VERSION.json` as in the public catalogue of them."""


def kind_of(item: Object) -> str:
    """apiVersion and kind."""
    return f"{item['apiVersion']} {item['kind']}"


def closed(schema: Any) -> Any:
    """The same, with every field refused that it doesn't know."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(part) for name, part in schema.items()}
    whole = found.get("type") == "object" and "properties" in found
    if whole and not found.get("x-kubernetes-preserve-unknown-fields"):
        found.setdefault("additionalProperties", False)
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_object_is_valid(variant: str, version: str) -> None:
    """Without unknown fields; a kind that neither Kubernetes nor our list of custom ones has is an error."""
    for item in rendered(variant):
        if kind_of(item) not in SPECIFICATIONS:
            _check(json.dumps(item, sort_keys=True), version)


@cache
def _check(item: str, version: str) -> None:
    """Once for each object: most are the same in every variant."""
    kubernetes_validate.validate(json.loads(item), version, strict=True)


@pytest.mark.parametrize("variant", VARIANTS)
def test_custom_resources_are_as_their_operators_want_them(variant: str) -> None:
    """As far as we use them."""
    for item in rendered(variant):
        if (wanted := SPECIFICATIONS.get(kind_of(item))) is not None:
            schema = {"type": "object", "additionalProperties": False, **wanted}
            Draft202012Validator(schema).validate(item["spec"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_custom_resources_hold_to_the_published_schemas(variant: str) -> None:
    """Where these are at hand."""
    if not PUBLISHED.exists():
        pytest.skip(f"no published schemas of custom resources in {PUBLISHED}: MADSEG_TEST_SCHEMAS names their folder")
    for item in rendered(variant):
        if kind_of(item) in SPECIFICATIONS:
            group, version = item["apiVersion"].split("/")
            schema = json.loads((PUBLISHED / group / f"{item['kind'].lower()}_{version}.json").read_text())
            schema["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {}}
            Draft202012Validator(closed(schema)).validate(item)


def test_what_is_checked_is_refused_when_wrong() -> None:
    """A field misspelt, a kind unknown."""
    (deployment,) = (
        item
        for item in rendered("base")
        if kind_of(item) == "apps/v1 Deployment" and "gateway" in str(item["metadata"])
    )
    wrong = json.loads(json.dumps(deployment).replace("serviceAccountName", "serviceAcountName"))
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)
    with pytest.raises(kubernetes_validate.SchemaNotFoundError):
        kubernetes_validate.validate({**deployment, "kind": "Deploymint"}, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_is_one_namespace(overlay: str) -> None:
    """Made by itself, at the strictest level, and nothing stands elsewhere."""
    objects = rendered(overlay)
    (namespace,) = (item for item in objects if item["kind"] == "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for item in objects:
        wanted = None if item["kind"] in {"Namespace", "PriorityClass"} else namespace["metadata"]["name"]
        assert item["metadata"].get("namespace") == wanted
    names = [(kind_of(item), item["metadata"]["name"]) for item in objects]
    assert len(set(names)) == len(names)


def test_every_component_is_used_or_named() -> None:
    """In an overlay, or as a way to choose in the manual."""
    used = "".join(path.read_text() for path in (KUBERNETES / "overlays").glob("*/kustomization.yaml"))
    manual = (KUBERNETES.parents[1] / "docs" / "kubernetes.md").read_text()
    for component in (KUBERNETES / "components").iterdir():
        assert f"components/{component.name}\n" in used or f"`{component.name}`" in manual
