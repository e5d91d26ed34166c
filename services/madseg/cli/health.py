"""`madseg health`: one question to one server, for whoever watches over a container."""

from typing import Annotated

import typer


def health(
    address: Annotated[str, typer.Argument(help="HOST:PORT of a gRPC server.")],
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the answer.")] = 5.0,
) -> None:
    """Ask a gRPC server whether it serves. Exit code 0: it does; 1: it doesn't, or nobody answers."""
    import grpc  # a third of a second to load
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    from madseg.cli.failures import fail
    from madseg.client import endpoints
    from madseg.client.channel import open_channel

    with open_channel(address, tls=endpoints.from_environment().tls) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=timeout)
        except grpc.RpcError as error:
            fail(f"{address} doesn't answer: {error.details()}")
        if answer.status != health_pb2.HealthCheckResponse.SERVING:
            fail(f"{address} doesn't serve")
