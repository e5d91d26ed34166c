"""What leads to the gateway, and when."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from tests.deploy.kubernetes.rendered import VARIANTS, Object, pods, rendered
from tests.deploy.kubernetes.test_settings import environment


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


@pytest.mark.parametrize("variant", ["base+ingress", "base+gateway-api", "production"])
def test_it_knows_who_calls_by_way_of_the_proxy(variant: str) -> None:
    """As the web server reads the variable; nobody else's word counts, or each could pass for another."""
    trusted = environment(rendered(variant), gateway(variant))["FORWARDED_ALLOW_IPS"]
    assert _caller(trusted, "10.42.0.7") == ("203.0.113.9", "https")
    assert _caller(trusted, "198.51.100.1") == ("198.51.100.1", "http")


def _caller(trusted: str, peer: str) -> tuple[str, str]:
    """Whom the web server takes a request for that comes over HTTP from a peer and says otherwise."""
    seen: list[tuple[str, str]] = []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append((scope["client"][0], scope["scheme"]))

    headers = [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-proto", b"https")]
    scope = {"type": "http", "scheme": "http", "client": (peer, 4711), "headers": headers}
    middle = ProxyHeadersMiddleware(application, trusted_hosts=trusted)  # type: ignore[arg-type]
    asyncio.run(middle(scope, None, None))  # type: ignore[arg-type]
    (found,) = seen
    return found
