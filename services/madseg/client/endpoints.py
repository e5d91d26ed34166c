"""Where the services are: addresses from the environment, or from the file that `madseg up` writes."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from madseg.client.errors import InvalidArgument
from madseg.client.tls import Tls

VARIABLES = {
    "intake": "MADSEG_INTAKE",
    "selector": "MADSEG_SELECTOR",
    "models": "MADSEG_MODELS",
    "labelling": "MADSEG_LABELLING",
    "finetune": "MADSEG_FINETUNE",
    "rounds": "MADSEG_ROUNDS",
}
"""The environment variable of each service's address."""

FILES = {
    "tls_authority": "MADSEG_TLS_AUTHORITY",
    "tls_certificate": "MADSEG_TLS_CERTIFICATE",
    "tls_key": "MADSEG_TLS_KEY",
    "tls_name": "MADSEG_TLS_NAME",
}
"""The environment variable of each file of TLS, and of the name that is expected."""

DEFAULT_STATE = "state"
"""The folder in which `madseg up` writes its addresses by default, relative to the working directory."""

OPERATOR = "operator.token"
"""The file in that folder with the token for the commands of this machine."""


EVERYBODY = "everybody"
"""Stands under `access` where calls are taken without tokens."""


@dataclass(frozen=True)
class Endpoints:
    """Addresses `host:port` of the services, the URL of the web pages, files of TLS; None where unknown."""

    intake: str | None = None
    selector: str | None = None
    models: str | None = None
    http: str | None = None
    labelling: str | None = None
    access: str | None = None
    finetune: str | None = None
    rounds: str | None = None
    tls_authority: str | None = None
    tls_certificate: str | None = None
    tls_key: str | None = None
    tls_name: str | None = None

    @property
    def tls(self) -> Tls | None:
        """How the services are spoken to; None for in the clear.

        Raises:
            InvalidArgument: the files aren't those of a client, such as a certificate without its key.
        """
        return Tls.given(*(getattr(self, name) or "" for name in FILES))

    @property
    def services(self) -> tuple[str | None, ...]:
        """The addresses in the order in which a client takes them."""
        return self.intake, self.selector, self.models, self.labelling, self.finetune, self.rounds


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
    return Endpoints(**{item.name: _text(path, item.name, found.get(item.name)) for item in fields(Endpoints)})


def from_environment(environment: Mapping[str, str] = os.environ) -> Endpoints:
    """The addresses in MADSEG_INTAKE, MADSEG_SELECTOR, MADSEG_MODELS, MADSEG_LABELLING, MADSEG_FINETUNE and
    MADSEG_ROUNDS, and the files of TLS in MADSEG_TLS_AUTHORITY, MADSEG_TLS_CERTIFICATE, MADSEG_TLS_KEY and
    MADSEG_TLS_NAME.

    Those not set come from `endpoints.json` in the folder MADSEG_STATE (default: state), if it exists.
    """
    fallback = _state(environment) / "endpoints.json"
    written = from_file(fallback) if fallback.is_file() else Endpoints()
    given = {name: environment.get(variable) or None for name, variable in (VARIABLES | FILES).items()}
    return Endpoints(
        given["intake"] or written.intake,
        given["selector"] or written.selector,
        given["models"] or written.models,
        written.http,
        given["labelling"] or written.labelling,
        finetune=given["finetune"] or written.finetune,
        rounds=given["rounds"] or written.rounds,
        **{name: given[name] or getattr(written, name) for name in FILES},
    )


def token(environment: Mapping[str, str] = os.environ) -> str | None:
    """The token in MADSEG_TOKEN, or in the file that MADSEG_TOKEN_FILE names; else the one that `madseg up` wrote into
    the folder MADSEG_STATE for the commands of its machine, where this user may read it. Where calls are taken
    without tokens none is shown: it would be taken for a name.

    Raises:
        InvalidArgument: both variables are set, or the file named can't be read.
    """
    text, path = environment.get("MADSEG_TOKEN"), environment.get("MADSEG_TOKEN_FILE")
    if text and path:
        raise InvalidArgument("MADSEG_TOKEN and MADSEG_TOKEN_FILE are both set: keep one")
    if path:
        return in_file(path)
    return text or (None if _takes_all(_state(environment)) else beside(_state(environment)))


def in_file(path: str | Path) -> str:
    """The token in a file.

    Raises:
        InvalidArgument: it can't be read, or has none.
    """
    try:
        found = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"the token can't be read from {path}: {error}") from error
    if not found:
        raise InvalidArgument(f"there is no token in {path}")
    return found


def beside(state: Path) -> str | None:
    """The token that `madseg up` wrote into its state; None where there is none, or not for this user."""
    try:
        return (state / OPERATOR).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _takes_all(state: Path) -> bool:
    path = state / "endpoints.json"
    return path.is_file() and from_file(path).access == EVERYBODY


def _state(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("MADSEG_STATE") or DEFAULT_STATE)


def _text(path: str | Path, name: str, value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    raise InvalidArgument(f"{path}: {name} must be a text such as 127.0.0.1:7001, got {value!r}", field=name)
