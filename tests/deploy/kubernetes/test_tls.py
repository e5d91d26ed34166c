"""Where services encrypt: certificates by reference, probes that get through, and nobody who speaks in the clear."""

import re
from pathlib import Path

import pytest

from tests.deploy.kubernetes.rendered import KUBERNETES, VARIANTS, Object, named, rendered
from tests.deploy.kubernetes.test_settings import NEIGHBOURS, environment, ours

variants = pytest.mark.parametrize("variant", VARIANTS)
encrypted = pytest.mark.parametrize("variant", ["base+tls", "production"])


def probes(container: Object) -> dict[str, Object]:
    """A container's, by name."""
    return {name: container[name] for name in container if name.endswith("Probe")}


@encrypted
def test_everybody_who_is_called_has_a_certificate_and_asks_for_one(variant: str) -> None:
    """From the Secret, so that none stands in the manifests; predictors are called by nobody."""
    objects = rendered(variant)
    callers = 0
    for name, pod, container in ours(objects):
        given = environment(objects, container)
        tls = {key: Path(value) for key, value in given.items() if key.startswith("MADSEG_TLS_")}
        if not given.keys() & NEIGHBOURS.keys():
            assert not tls, name
            continue
        callers += 1
        assert tls.keys() == {f"MADSEG_TLS_{key}" for key in ("CERTIFICATE", "KEY", "AUTHORITY", "CLIENT_AUTHORITY")}
        (volume,) = (item["secret"] for item in pod["volumes"] if item["name"] == "tls")
        (place,) = (item["mountPath"] for item in container["volumeMounts"] if item["name"] == "tls")
        assert {path.relative_to(place).as_posix() for path in tls.values()} <= {i["path"] for i in volume["items"]}
    assert callers == len(NEIGHBOURS)


@variants
def test_probes_get_through(variant: str) -> None:
    """The kubelet's gRPC probes know no TLS, and its HTTP probes know both."""
    objects = rendered(variant)
    for _, _, container in ours(objects):
        given = environment(objects, container)
        clear = {given.get(name, "").rpartition(":")[2] for name in ("MADSEG_HEALTH", "MADSEG_METRICS")}
        for probe in probes(container).values():
            if "MADSEG_TLS_CERTIFICATE" not in given:
                assert probe.get("httpGet", {}).get("scheme", "HTTP") == "HTTP"
            elif "grpc" in probe:
                assert str(probe["grpc"]["port"]) in clear
            else:
                assert (probe["httpGet"]["port"], probe["httpGet"]["scheme"]) == ("http", "HTTPS")


@encrypted
def test_what_leads_to_them_encrypts_too(variant: str) -> None:
    """Services say so to whoever reads that, ingress-nginx is told; health in the clear is at no Service."""
    objects = rendered(variant)
    names = {address.partition(":")[0] for address in NEIGHBOURS.values()} | {"selector-pods"}
    for name in names:
        ports = named(objects, "Service")[name]["spec"]["ports"]
        assert {port["appProtocol"] for port in ports} == {"https"}
        assert 7009 not in {port["port"] for port in ports}
    spoken = {
        name: item["metadata"]["annotations"]["nginx.ingress.kubernetes.io/backend-protocol"]
        for name, item in named(objects, "Ingress").items()
    }
    assert spoken in ({}, {"gateway": "HTTPS", "gateway-grpc": "GRPCS"})


def test_the_certificate_of_the_manual_is_made_out_to_every_service() -> None:
    """By the names that others call."""
    manual = (KUBERNETES.parents[1] / "docs" / "kubernetes.md").read_text()
    (names,) = re.findall(r"^ *dnsNames: \[(.*)\]$", manual, re.MULTILINE)
    wanted = {address.partition(":")[0] for address in NEIGHBOURS.values()} | {"selector-pods", "localhost"}
    assert set(names.split(", ")) == wanted
