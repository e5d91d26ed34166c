"""A server as the settings have it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from madseg.rpc.server import Server, Service
from madseg.security.access import Access
from madseg.security.admission import Admission
from madseg.security.entrance import AccessSettings
from madseg.security.guarding import Guarding, guard
from madseg.security.tls import TlsSettings, open_tls


@dataclass(frozen=True)
class ServerSettings(Guarding, TlsSettings, AccessSettings):
    """Settings of every process that answers calls."""


def serving(services: Sequence[Service], address: str, access: Access, config: ServerSettings) -> Server:
    """A server as the settings have it, which takes the calls of those who may.

    Raises:
        InvalidInput: a limit that can't be, or files that can't be used.
    """
    admission, tls = Admission(access), open_tls(config)
    setting = " or ".join(item.metadata["variable"] for item in fields(config) if getattr(config, item.name) == address)
    return Server(services, address, admission, guard(config), tls=tls, health=config.health, setting=setting)
