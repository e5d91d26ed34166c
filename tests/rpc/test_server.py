"""A server has an address of its own, health and reflection, or says why not."""

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from madseg.core.errors import Conflict
from madseg.rpc import Server, Service
from madseg.v1.models_pb2_grpc import add_ModelsServiceServicer_to_server
from tests.rpc.speaking import MODELS, models, serving


def test_a_port_that_is_taken_is_a_conflict_that_names_it() -> None:
    """Two servers never share an address."""
    with serving() as (server, _):
        second = Server([models(lambda: None)], server.reachable)
        with pytest.raises(Conflict, match=f"gRPC can't listen on {server.reachable}: it is taken"):
            second.start()
        second.stop()


def test_health_and_reflection_know_the_services() -> None:
    """What probes and tools ask."""
    with serving() as (server, channel):
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", MODELS):
            answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        (listed,) = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(asked, timeout=10)
        assert MODELS in {service.name for service in listed.list_services_response.service}
        assert server.names == [MODELS]


def test_a_server_that_can_not_be_built_says_so() -> None:
    """Instead of leaving whoever starts it waiting."""
    server = Server([Service(MODELS, object(), add_ModelsServiceServicer_to_server)], "127.0.0.1:0")
    with pytest.raises(AttributeError, match="has no attribute"):
        server.start()
