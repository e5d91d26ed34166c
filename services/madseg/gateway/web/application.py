"""The API and files of the pages, put together and mounted into the gateway's application."""

import time
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from madseg.client import Client, ClientError
from madseg.core.errors import MadsegError
from madseg.core.preprocess import Size
from madseg.core.taxonomy import Taxonomy
from madseg.gateway.problems import refusal
from madseg.gateway.web.asking import Asking
from madseg.gateway.web.attempts import Attempts
from madseg.gateway.web.bodies import IN_FLIGHT_BYTES, refused_query
from madseg.gateway.web.callers import Door
from madseg.gateway.web.candidates import candidate_routes
from madseg.gateway.web.drawing import drawing_routes
from madseg.gateway.web.evaluation import evaluation_routes
from madseg.gateway.web.files import mount_files
from madseg.gateway.web.guard import Guard
from madseg.gateway.web.headers import SecurityHeaders
from madseg.gateway.web.maps import map_routes
from madseg.gateway.web.masks import mask_routes
from madseg.gateway.web.overview import OPTIONAL, Overview, overview_routes
from madseg.gateway.web.polling import Topics
from madseg.gateway.web.rankings import ranking_routes
from madseg.gateway.web.repairs import repair_routes
from madseg.gateway.web.reviews import review_routes
from madseg.gateway.web.rounds import round_routes
from madseg.gateway.web.runs import run_routes
from madseg.gateway.web.scoring import campaign_routes, rating_routes
from madseg.gateway.web.session import session_routes
from madseg.gateway.web.streaming import HEARTBEAT_SECONDS, Streams
from madseg.gateway.web.throughput import SAMPLE_SECONDS, Throughput, sampling
from madseg.report.facts import Pictures
from madseg.security.crowd import room_for_bytes

log = structlog.get_logger("madseg.gateway")

TIMEOUT_SECONDS = 20.0
"""How long a page waits for a service."""

QUICK_SECONDS = 1.5
"""How long the overview waits for one: it shows what it has."""

Connect = Callable[[float], Client]
"""Makes a client of all services with a timeout in seconds. Called when something is asked for the first time."""


@dataclass(frozen=True)
class Settings:
    """What the pages stand on. `parts` are the optional services that the deployment has, `pictures` the canonical
    pictures by image id."""

    door: Door
    connect: Connect
    taxonomy: Taxonomy
    grid: Size
    counts: Callable[[], Mapping[str, int]]
    parts: Collection[str] = OPTIONAL
    pictures: Pictures = lambda _: None
    heartbeat: float = HEARTBEAT_SECONDS
    sample_every: float = SAMPLE_SECONDS
    clock: Callable[[], float] = field(default=time.time)


class Pages:
    """A part of the process: the API of the pages with what it holds open. It stops before the web server does."""

    def __init__(self, settings: Settings) -> None:
        self._topics = Topics()
        self._asking = Asking(lambda: settings.connect(TIMEOUT_SECONDS))
        self._quick = Asking(lambda: settings.connect(QUICK_SECONDS))
        throughput = Throughput()
        self._sampling = sampling(throughput, self._quick.client, settings.clock, settings.sample_every)
        overview = Overview(self._quick, settings.counts, throughput, settings.parts)
        streams = Streams(self._topics, settings.door, settings.heartbeat)
        self.routers = (
            session_routes(settings.door, Attempts(), settings.taxonomy, settings.grid),
            overview_routes(overview, streams),
            ranking_routes(streams),
            map_routes(),
            candidate_routes(),
            campaign_routes(streams),
            rating_routes(),
            mask_routes(streams),
            drawing_routes(settings.grid),
            review_routes(),
            run_routes(streams),
            round_routes(streams),
            evaluation_routes(),
            repair_routes(settings.pictures),
        )
        self._api = Guard(_api(self.routers), settings.door, self._asking)

    def mount(self, app: FastAPI) -> None:
        """Adds the API and the pages to an application whose other routes are there already."""
        app.mount("/api", self._api)
        mount_files(app)
        app.add_middleware(SecurityHeaders)

    def start(self) -> None:
        self._sampling.start()

    def stop(self) -> None:
        self._topics.close()
        self._sampling.stop()
        self._asking.close()
        self._quick.close()


def _api(routers: Iterable[APIRouter]) -> FastAPI:
    """The API without its guard."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.in_flight = room_for_bytes(IN_FLIGHT_BYTES)
    for router in routers:
        app.include_router(router)
    for kind in (MadsegError, ClientError, HTTPException, ClientDisconnect, RequestValidationError, Exception):
        app.add_exception_handler(kind, _failed)
    return app


async def _failed(request: Request, error: Exception) -> Response:
    if isinstance(error, RequestValidationError):
        return refusal(refused_query(error))
    if isinstance(error, MadsegError | ClientError | HTTPException | ClientDisconnect):
        return refusal(error)
    incident = uuid.uuid4().hex
    log.error("request_failed", path=request.url.path, incident=incident, exc_info=error)
    return refusal(HTTPException(500, f"internal error {incident}: see the server's log"))
