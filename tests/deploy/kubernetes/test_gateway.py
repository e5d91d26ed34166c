"""What leads to the gateway, and when."""

import pytest

from tests.deploy.kubernetes.rendered import VARIANTS, Object, pods, rendered


def gateway(variant: str) -> Object:
    """Its container."""
    (pod,) = (pod for item, pod in pods(rendered(variant)) if item["metadata"]["name"] == "gateway")
    (container,) = pod["containers"]
    found: Object = container
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_is_ready_while_kafka_is_away(variant: str) -> None:
    """By health alone: /readyz says whether uploads can be taken, and no gateway would be left for all the rest."""
    encrypted = "tls" in variant or variant.startswith("production")
    container = gateway(variant)
    assert container["readinessProbe"]["grpc"] == {"port": 7009 if encrypted else 7001}
    assert "httpGet" not in container["readinessProbe"]
    assert container["startupProbe"]["httpGet"]["path"] == "/healthz"
