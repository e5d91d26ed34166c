"""Where Triton is and how it is asked, read from its URL.

triton://host:8001
triton://host:8001?shared_memory=system&concurrency=64
triton://triton.example.org:443?tls=system          certificates of the system
triton://triton.example.org:443?tls=/etc/ca.pem     certificates of a file
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from madseg.core.errors import InvalidInput

CONCURRENCY = 32
"""Requests under way at once. Four full batches of 8, and 34 MB of pictures and labels at 513x513."""


@dataclass(frozen=True, slots=True)
class Options:
    """`address` is `host:port`; `tls` is empty, "system", or the path of a PEM file of certificates."""

    address: str
    concurrency: int = CONCURRENCY
    shared_memory: bool = False
    tls: str = ""


def parse_options(url: str) -> Options:
    """The options of a `triton://` URL.

    Raises:
        InvalidInput: no host or port, an unknown option, a value that can't be.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidInput(f"{url!r} must be triton://host:port: {error}") from error
    if parts.scheme != "triton" or not host or not port or parts.path.strip("/"):
        raise InvalidInput(f"{url!r} must be triton://host:port, such as triton://127.0.0.1:8001")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := given.keys() - {"concurrency", "shared_memory", "tls"}:
        raise InvalidInput(f"{url!r} has no option {', '.join(sorted(unknown))}: concurrency, shared_memory and tls")
    if given.get("shared_memory", "none") not in ("none", "system"):
        raise InvalidInput(f"shared_memory must be none or system, got {given['shared_memory']!r}")
    return Options(
        address=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        concurrency=_count(given.get("concurrency", str(CONCURRENCY))),
        shared_memory=given.get("shared_memory") == "system",
        tls=given.get("tls", ""),
    )


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise InvalidInput(f"concurrency must be 1..1024, got {text!r}")
    return int(text)
