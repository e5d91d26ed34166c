"""Where the services are: addresses from the environment, or from the file that `madseg up` writes."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from madseg.client.errors import InvalidArgument

VARIABLES = {"intake": "MADSEG_INTAKE", "selector": "MADSEG_SELECTOR", "models": "MADSEG_MODELS"}
"""The environment variable of each service's address."""

DEFAULT_STATE = "state"
"""The folder in which `madseg up` writes its addresses by default, relative to the working directory."""


@dataclass(frozen=True)
class Endpoints:
    """Addresses `host:port` of the services, and the URL of the web pages; None where unknown."""

    intake: str | None = None
    selector: str | None = None
    models: str | None = None
    http: str | None = None


def from_file(path: str | Path) -> Endpoints:
    """The addresses in a JSON file such as `{"intake": "127.0.0.1:7001", "selector": ..., "models": ..., "http": ...}`.

    Raises:
        InvalidArgument: the file can't be read or isn't such an object.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidArgument(f"{path} can't be read: {error.strerror}; is `madseg up` running?") from error
    except ValueError as error:
        raise InvalidArgument(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise InvalidArgument(f'{path} must hold an object such as {{"intake": "127.0.0.1:7001"}}')
    return Endpoints(**{name: _text(path, name, found.get(name)) for name in ("intake", "selector", "models", "http")})


def from_environment(environment: Mapping[str, str] = os.environ) -> Endpoints:
    """The addresses in MADSEG_INTAKE, MADSEG_SELECTOR and MADSEG_MODELS.

    Those not set come from `endpoints.json` in the folder MADSEG_STATE (default: state), if it exists.
    """
    fallback = Path(environment.get("MADSEG_STATE") or DEFAULT_STATE) / "endpoints.json"
    written = from_file(fallback) if fallback.is_file() else Endpoints()
    given = {name: environment.get(variable) or None for name, variable in VARIABLES.items()}
    return Endpoints(
        given["intake"] or written.intake,
        given["selector"] or written.selector,
        given["models"] or written.models,
        written.http,
    )


def _text(path: str | Path, name: str, value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    raise InvalidArgument(f"{path}: {name} must be a text such as 127.0.0.1:7001, got {value!r}", field=name)
