"""A server as the settings have it."""

from dataclasses import dataclass

import pytest

from madseg.core.errors import Conflict
from madseg.rpc import ServerSettings
from madseg.rpc import serving as of_settings
from madseg.security.access import Everybody
from madseg.settings import setting
from tests.rpc.speaking import models, serving


@dataclass(frozen=True)
class Config(ServerSettings):
    """A service that also asks another one."""

    models: str = setting("MADSEG_MODELS", "127.0.0.1:0", "Address of the Models gRPC server")
    selector: str = setting("MADSEG_SELECTOR", "127.0.0.1:7003", "Address of the selector's gRPC server")


def test_a_service_whose_port_is_taken_names_the_setting() -> None:
    """Its own, of all addresses that it knows, or that of the probes."""
    with serving() as (server, _):
        for config, named in (
            (Config(models=server.reachable), "MADSEG_MODELS"),
            (Config(health=server.reachable), "MADSEG_HEALTH"),
        ):
            second = of_settings([models(lambda: None)], config.models, Everybody(), config)
            with pytest.raises(Conflict, match=f"set {named} to another one, port 0 takes a free one"):
                second.start()
            second.stop()
