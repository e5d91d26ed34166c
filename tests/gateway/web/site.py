"""The pages' API on a real web server, before the canned services on a real gRPC server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from fastapi import FastAPI

from madseg.client import Client
from madseg.core.preprocess import Size
from madseg.core.taxonomy import SegmentationClass, Taxonomy
from madseg.gateway.http_gate import HttpGate
from madseg.gateway.http_server import HttpServer
from madseg.gateway.web.application import Pages, Settings
from madseg.gateway.web.callers import Door
from madseg.rpc import Server, Service
from madseg.security.access import Role, add_token
from madseg.security.entrance import AccessSettings, open_access
from madseg.security.guarding import Guard
from madseg.v1.evaluation_pb2_grpc import add_EvaluationServiceServicer_to_server
from madseg.v1.finetune_pb2_grpc import add_FineTuneServiceServicer_to_server
from madseg.v1.masks_pb2_grpc import add_MasksServiceServicer_to_server
from madseg.v1.rounds_pb2_grpc import add_RoundsServiceServicer_to_server
from madseg.v1.scoring_pb2_grpc import add_ScoringServiceServicer_to_server
from tests.client.canned_selector import CLASSES
from tests.client.running import Running, running
from tests.gateway.web.canned_finetune import CannedFineTune
from tests.gateway.web.canned_masks import CannedMasks
from tests.gateway.web.canned_rounds import CannedEvaluation, CannedRounds
from tests.gateway.web.canned_scoring import CannedScoring

TAXONOMY = Taxonomy(
    "three", tuple(SegmentationClass(name, (0, 16, label), label > 0) for label, name in enumerate(CLASSES))
)
CHANGE = {"X-Madseg": "1"}
OWN_TOKEN = "the gateway's own"
"""What it shows to the services where it doesn't ask for somebody."""


@dataclass(frozen=True)
class Site:
    """Where it is, what stands behind it, and one token for each role. `behind` is where those listen that tell who
    calls."""

    url: str
    services: Running
    scoring: CannedScoring
    masks: CannedMasks
    finetune: CannedFineTune
    rounds: CannedRounds
    evaluation: CannedEvaluation
    behind: str
    pages: Pages
    tokens: dict[Role, str]
    file: Path

    @contextmanager
    def visit(self, role: Role | None = None, **headers: str) -> Iterator[httpx.Client]:
        """Somebody with one role, or nobody, and the header of changes."""
        shown = {"authorization": f"Bearer {self.tokens[role]}"} if role else {}
        given = {"X-Madseg": "1", **shown, **headers}
        with httpx.Client(base_url=self.url, headers=given, trust_env=False, timeout=20) as client:
            yield client


@contextmanager
def site(
    folder: Path,
    *,
    insecure: bool = False,
    heartbeat: float = 15.0,
    connect: Callable[[float], Client] | None = None,
    guarded: Guard | None = None,
) -> Iterator[Site]:
    """Starts everything on free ports, and stops it at the end."""
    file = folder / "tokens.json"
    tokens = {role: add_token(file, f"the {role}", [role]) for role in Role}
    scoring, masks, finetune, rounds = CannedScoring(), CannedMasks(), CannedFineTune(), CannedRounds()
    judging = Service("madseg.v1.ScoringService", scoring, add_ScoringServiceServicer_to_server)
    drawing = Service("madseg.v1.MasksService", masks, add_MasksServiceServicer_to_server)
    training = Service("madseg.v1.FineTuneService", finetune, add_FineTuneServiceServicer_to_server)
    going = Service("madseg.v1.RoundsService", rounds, add_RoundsServiceServicer_to_server)
    evaluation = CannedEvaluation()
    comparing = Service("madseg.v1.EvaluationService", evaluation, add_EvaluationServiceServicer_to_server)
    labelling = Server([judging, drawing, training, going, comparing], "127.0.0.1:0")
    labelling.start()
    with running() as services:

        def to_services(timeout: float) -> Client:
            places = (*[services.address] * 2, *[labelling.reachable] * 3)
            return Client(None, *places, timeout=timeout, token=OWN_TOKEN)

        door = Door(open_access(AccessSettings(tokens=str(file), insecure=insecure)), insecure=insecure)
        counts = lambda: {"random_lane": 246}  # noqa: E731
        settings = Settings(
            door, connect or to_services, TAXONOMY, Size(16, 16), counts, heartbeat=heartbeat, sample_every=0.05
        )
        pages, app = Pages(settings), FastAPI(openapi_url=None)
        if guarded:
            app.add_middleware(HttpGate, guarded=guarded)
        pages.mount(app)
        server = HttpServer(app, "127.0.0.1:0")
        server.start()
        pages.start()
        try:
            canned = (services, scoring, masks, finetune, rounds, evaluation, labelling.reachable)
            yield Site(f"http://127.0.0.1:{server.port}", *canned, pages, tokens, file)
        finally:
            pages.stop()
            server.stop()
            labelling.stop()
