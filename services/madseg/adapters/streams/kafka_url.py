"""What a `kafka://` URL says: `kafka://host:9092,host2:9092?option=value&...`.

| option | meaning | default |
|---|---|---|
| `replication` | copies of each partition of topics that are made | the broker's |
| `min_insync` | copies that must have a record before it counts as published | 1 |
| `compression` | `lz4`, `zstd` or `none` | lz4 |
| `instance` | name of this process in its groups, the same after a restart: it then keeps its partitions | none |
| `session_seconds` | silence after which a member has left its group | 15 |
| `publish_seconds` | how long publishing is tried before it is Unavailable | 20 |
| `tls` | `true` encrypts | false |
| `ca`, `certificate`, `key` | PEM files: who signs the brokers, and who we are | the system's, none |
| `mechanism`, `user`, `password_file` | SASL: `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512` | none |

A password stands in a file and never in the URL, which is logged.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from madseg.core.errors import InvalidInput, Unavailable

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")

COMPRESSIONS = ("lz4", "zstd", "none")


@dataclass(frozen=True)
class Options:
    """The options of a URL, as the table above has them; empty texts and 0 where nothing is said."""

    replication: int = 0
    min_insync: int = 1
    compression: str = "lz4"
    instance: str = ""
    session_seconds: float = 15.0
    publish_seconds: float = 20.0
    tls: bool = False
    ca: str = ""
    certificate: str = ""
    key: str = ""
    mechanism: str = ""
    user: str = ""
    password_file: str = ""


@dataclass(frozen=True)
class Place:
    """Brokers to ask first, `host:port`, and how to use them."""

    brokers: tuple[str, ...]
    options: Options

    def connecting(self) -> dict[str, Any]:
        """What every client of kafka-python takes to connect.

        Raises:
            Unavailable: the password's file can't be read now.
        """
        options = self.options
        found: dict[str, Any] = {
            "bootstrap_servers": list(self.brokers),
            "bootstrap_timeout_ms": 5_000,
            "request_timeout_ms": 10_000,
            # A broker that comes back is found within a second, however long it was away.
            "reconnect_backoff_max_ms": 1_000,
            "metadata_max_age_ms": 60_000,
            "security_protocol": _PROTOCOLS[bool(options.mechanism), options.tls],
        }
        if options.tls:
            found |= {
                "ssl_cafile": options.ca or None,
                "ssl_certfile": options.certificate or None,
                "ssl_keyfile": options.key or None,
            }
        if options.mechanism:
            found |= {
                "sasl_mechanism": options.mechanism,
                "sasl_plain_username": options.user,
                "sasl_plain_password": _password(options.password_file),
            }
        return found


_PROTOCOLS = {
    (False, False): "PLAINTEXT",
    (False, True): "SSL",
    (True, False): "SASL_PLAINTEXT",
    (True, True): "SASL_SSL",
}
"""By (SASL, TLS)."""


def parse(url: str) -> Place:
    """The brokers and options of a URL.

    Raises:
        InvalidInput: it names no broker, or has an option that is unknown or can't be.
    """
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise InvalidInput(
            "a kafka:// URL holds no password: write ?mechanism=SCRAM-SHA-512&user=...&password_file=..."
        )
    brokers = tuple(broker.strip() for broker in parts.netloc.split(",") if broker.strip())
    for broker in brokers:
        if not re.fullmatch(r"[^:\s]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}", broker):
            raise InvalidInput(f"a broker is written host:port, got {broker!r} in {url!r}")
    if not brokers or parts.path not in ("", "/"):
        raise InvalidInput(f"{url!r} must be kafka://host:9092, or several host:port with commas between them")
    return Place(brokers, _options(parse_qsl(parts.query, keep_blank_values=True)))


def _options(pairs: list[tuple[str, str]]) -> Options:
    kinds = {item.name: type(item.default) for item in fields(Options)}
    given: dict[str, Any] = {}
    for name, text in pairs:
        if name not in kinds:
            raise InvalidInput(f"kafka:// has no option {name!r}; there are {', '.join(kinds)}")
        given[name] = _read(name, text, kinds[name])
    options = Options(**given)
    _check(options)
    return options


def _read(name: str, text: str, kind: type) -> Any:
    if kind is bool:
        if text not in ("true", "false"):
            raise InvalidInput(f"option {name} of kafka:// must be true or false, got {text!r}")
        return text == "true"
    try:
        return kind(text)
    except ValueError:
        raise InvalidInput(f"option {name} of kafka:// must be a number, got {text!r}") from None


def _check(options: Options) -> None:
    choices: Mapping[str, tuple[str, ...]] = {"compression": COMPRESSIONS, "mechanism": ("", *MECHANISMS)}
    for name, known in choices.items():
        if getattr(options, name) not in known:
            raise InvalidInput(f"option {name} of kafka:// must be one of {', '.join(filter(None, known))}")
    if options.instance and not re.fullmatch(r"[A-Za-z0-9._-]{1,200}", options.instance):
        raise InvalidInput(
            f"option instance of kafka:// is letters, digits, '.', '_' and '-', got {options.instance!r}"
        )
    if options.mechanism and not (options.user and options.password_file):
        raise InvalidInput(f"{options.mechanism} needs the options user and password_file of kafka://")
    if not options.tls and (options.ca or options.certificate or options.key):
        raise InvalidInput("ca, certificate and key of kafka:// are for tls=true")
    for name in ("min_insync", "session_seconds", "publish_seconds"):
        if not 1 <= getattr(options, name) <= 3600:
            raise InvalidInput(f"option {name} of kafka:// must be 1..3600, got {getattr(options, name):g}")
    if options.replication < 0:
        raise InvalidInput("option replication of kafka:// must be at least 1")


def _password(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Unavailable(f"the password of the stream can't be read from {path}: {error.strerror}") from error
