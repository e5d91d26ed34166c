"""All services inside the test's own process, with whatever does the inference."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from madseg.adapters.blobs import open_blobs
from madseg.adapters.databases import open_database
from madseg.adapters.streams import open_stream
from madseg.client import Client
from madseg.gateway import __main__ as gateway
from madseg.gateway.neighbours import expiry_at, models_at, selector_at
from madseg.ports import Inference
from madseg.predictor import __main__ as predictor
from madseg.predictor import models as managing
from madseg.rpc import Server
from madseg.runtime import Part
from madseg.security.access import Everybody
from madseg.selector import __main__ as selector
from madseg.settings import load
from madseg.up import SERVICES


class Inside:
    """The parts of `madseg up` on a state, one `with` block long."""

    def __init__(self, state: Path, settings: Mapping[str, str], inference: Inference) -> None:
        state.mkdir(exist_ok=True)
        self._state, self._inference = state, inference
        self._settings = {
            **settings,
            "MADSEG_STREAM": f"sqlite:///{state}/stream.db",
            "MADSEG_BLOBS": f"file:{state}/blobs",
            "MADSEG_DATABASE": f"sqlite:///{state}/madseg.db",
        }

    def __enter__(self) -> Client:
        taking_in = load(gateway.Config, self._settings, known=SERVICES)
        predicting = load(predictor.Config, self._settings, known=SERVICES)
        managed = load(managing.Config, self._settings, known=SERVICES)
        selecting = load(selector.Config, self._settings, known=SERVICES)
        with ExitStack() as stack:
            stream, blobs = open_stream(predicting.stream), open_blobs(predicting.blobs)
            database = open_database(selecting.database)
            for held in (self._inference, database, blobs, stream):
                stack.callback(held.close)
            versions = predictor.versions(predicting, self._inference)
            inner = [
                *managing.build(managed, stream, self._inference, Everybody(), versions.wait_for),
                *predictor.build(predicting, stream, blobs, self._inference, versions),
                *selector.build(selecting, stream, database, Everybody()),
            ]
            models, rankings = self._start(stack, inner)
            outer = gateway.build(
                taking_in,
                stream,
                database,
                blobs,
                is_imported=models_at(models),
                forget_elsewhere=selector_at(rankings),
                expire_in_selector=expiry_at(rankings),
                access=Everybody(),
            )
            (intake,) = self._start(stack, outer)
            client = Client(intake, rankings, models, timeout=20)
            stack.callback(client.close)
            self._stack = stack.pop_all()
        return client

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack, parts: list[Part]) -> list[str]:
        """The addresses of the gRPC servers among the parts."""
        for part in parts:
            part.start()
            stack.callback(part.stop)
        return [part.reachable for part in parts if isinstance(part, Server)]
