"""The three canned services on one server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from madseg.client import Client
from madseg.rpc import Server, Service
from madseg.v1 import intake_pb2_grpc, models_pb2_grpc, selector_pb2_grpc
from tests.client.canned import CannedIntake, CannedModels
from tests.client.canned_selector import CannedSelector


@dataclass(frozen=True)
class Running:
    """The services, where they answer, and a client of them."""

    intake: CannedIntake
    selector: CannedSelector
    models: CannedModels
    address: str
    client: Client


@contextmanager
def running() -> Iterator[Running]:
    """Starts the services on a free port, and stops them at the end."""
    intake, selector, models = CannedIntake(), CannedSelector(), CannedModels()
    services = [
        Service("madseg.v1.IntakeService", intake, intake_pb2_grpc.add_IntakeServiceServicer_to_server),
        Service("madseg.v1.SelectorService", selector, selector_pb2_grpc.add_SelectorServiceServicer_to_server),
        Service("madseg.v1.ModelsService", models, models_pb2_grpc.add_ModelsServiceServicer_to_server),
    ]
    server = Server(services, "127.0.0.1:0")
    server.start()
    address = f"127.0.0.1:{server.port}"
    try:
        with Client(address, address, address, timeout=10) as client:
            yield Running(intake, selector, models, address, client)
    finally:
        server.stop()
