"""TLS of a process's servers, by PEM files that may be replaced while it runs.

Every connection begins with a look at the files. A new pair that can't be used is reported, and the one before is shown
on: whoever replaces certificates by a slip has until the end of the old one to mend it.
"""

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import grpc
import structlog
from cryptography.x509 import InvalidVersion, load_pem_x509_certificate

from madseg.core.errors import InvalidInput
from madseg.observing.metrics import CERTIFICATE_END
from madseg.settings import setting

log = structlog.get_logger("madseg.security")


@dataclass(frozen=True)
class TlsSettings:
    """Settings of every process that others call. Without a certificate nothing is encrypted."""

    tls_certificate: str = setting(
        "MADSEG_TLS_CERTIFICATE", "", "File of the certificate that is shown, PEM, with its chain; empty: no TLS"
    )
    tls_key: str = setting("MADSEG_TLS_KEY", "", "File of the key of that certificate, PEM, without a password")
    tls_authority: str = setting(
        "MADSEG_TLS_AUTHORITY", "", "File of who signs the certificates of servers, PEM; public: who signs the web's"
    )
    tls_client_authority: str = setting(
        "MADSEG_TLS_CLIENT_AUTHORITY",
        "",
        "File of who signs the certificates of gRPC's callers, PEM; empty: none needed",
    )
    tls_name: str = setting(
        "MADSEG_TLS_NAME", "", "Name that servers' certificates are made out to; empty: that in their addresses"
    )
    health: str = setting(
        "MADSEG_HEALTH", "", "Address where gRPC health alone is answered in the clear, for probes; empty: nowhere"
    )

    def __post_init__(self) -> None:
        """Raises InvalidInput where one is set without those that it needs, or holds what should be in its file."""
        for name in ("certificate", "key", "authority", "client_authority"):
            if "-----BEGIN" in getattr(self, f"tls_{name}"):  # or a key would stand in the log
                raise InvalidInput(f"MADSEG_TLS_{name.upper()} is the path of a file, not what is in it")
        if not self.tls_certificate:
            for name in ("key", "authority", "client_authority"):
                if getattr(self, f"tls_{name}"):
                    raise InvalidInput(f"MADSEG_TLS_{name.upper()} is set without MADSEG_TLS_CERTIFICATE")
        elif not self.tls_key:
            raise InvalidInput("MADSEG_TLS_CERTIFICATE takes MADSEG_TLS_KEY too, the file of its key")
        elif not self.tls_authority:
            raise InvalidInput(
                "MADSEG_TLS_CERTIFICATE takes MADSEG_TLS_AUTHORITY too: services call each other over TLS"
            )

    @property
    def calling(self) -> tuple[str, str, str, str]:
        """How others are called: authority, certificate, key, name; all empty without TLS."""
        return self.tls_authority, self.tls_certificate, self.tls_key, self.tls_name


@dataclass(frozen=True)
class _Pair:
    """What is shown: PEM, and the same for OpenSSL."""

    certificate: bytes
    key: bytes
    clients: bytes | None
    context: ssl.SSLContext
    ends: float


class ServerTls:
    """A certificate with its key. `clients` signs the certificates of callers over gRPC; None takes all callers.

    `clock` gives seconds since the epoch. Thread-safe.
    """

    def __init__(
        self, certificate: Path, key: Path, clients: Path | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        """Raises InvalidInput where the files can't be used, or the certificate has ended."""
        self._certificate, self._key, self._clients, self._clock = certificate, key, clients, clock
        self._lock = threading.Lock()
        self._seen, self._pair = self._load()
        CERTIFICATE_END.labels(str(certificate)).set_function(lambda: self.current().ends)

    def current(self) -> _Pair:
        """What the files hold now, or held when they could last be used."""
        with self._lock:
            stamp = self._stamp()
            if stamp != self._seen:
                self._seen = stamp
                try:
                    self._seen, self._pair = self._load()
                    log.info("certificate_renewed", file=str(self._certificate), ends=_date(self._pair.ends))
                except InvalidInput as error:
                    log.error("certificate_kept", reason=str(error), ends=_date(self._pair.ends))
            return self._pair

    def grpc(self) -> grpc.ServerCredentials:
        """For a gRPC server, which keeps them for as long as it runs."""
        shown = [self.current()]

        def renewed() -> grpc.ServerCertificateConfiguration | None:
            pair = self.current()
            if pair is shown[0]:
                return None
            shown[0] = pair
            return _configuration(pair)

        # None stands for no change, which the types don't know.
        fetch = cast("Callable[[], grpc.ServerCertificateConfiguration]", renewed)
        return grpc.dynamic_ssl_server_credentials(_configuration(shown[0]), fetch, self._clients is not None)

    def http(self) -> ssl.SSLContext:
        """For an HTTP server. Browsers have no certificates, so that none is asked for."""
        context = _context()
        context.sni_callback = self._choose
        return context

    def _choose(self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self.current().context

    def _load(self) -> tuple[object, _Pair]:
        """The files as they are, with their stamp; read again where they are replaced meanwhile."""
        while True:
            stamp = self._stamp()
            try:
                pair = self._read()
            except InvalidInput:
                if stamp == self._stamp():
                    raise
            else:
                if stamp == self._stamp():
                    return stamp, pair

    def _read(self) -> _Pair:
        context = _context()
        certificate, key = _bytes(self._certificate), _bytes(self._key)
        try:
            context.load_cert_chain(self._certificate, self._key, lambda: "")
        except (OSError, ValueError) as error:
            raise InvalidInput(
                f"the certificate {self._certificate} can't be used with the key {self._key}: {_reason(error)}"
            ) from error
        ends = valid_until(certificate)
        if ends <= self._clock():
            raise InvalidInput(f"the certificate {self._certificate} has ended on {_date(ends)}: renew it")
        return _Pair(certificate, key, _authority(self._clients), context, ends)

    def _stamp(self) -> object:
        files = (self._certificate, self._key, self._clients)
        return tuple(_stamp(file) for file in files if file is not None)


def open_tls(settings: TlsSettings) -> ServerTls | None:
    """The TLS of a process's servers; None without a certificate.

    Raises:
        InvalidInput: files that can't be used.
    """
    if not settings.tls_certificate:
        return None
    if settings.tls_authority != "public":
        _authority(Path(settings.tls_authority))
    clients = Path(settings.tls_client_authority) if settings.tls_client_authority else None
    return ServerTls(Path(settings.tls_certificate), Path(settings.tls_key), clients)


def valid_until(pem: bytes) -> float:
    """The end of the first certificate of a file, seconds since the epoch.

    Raises:
        InvalidInput: there is none, or it is damaged.
    """
    if b"-----BEGIN CERTIFICATE-----" not in pem:
        raise InvalidInput("there is no certificate in the file, which must be PEM")
    try:
        return load_pem_x509_certificate(pem).not_valid_after_utc.timestamp()
    except (ValueError, InvalidVersion) as error:
        raise InvalidInput(f"the certificate is damaged: {error}") from error


def _configuration(pair: _Pair) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(pair.key, pair.certificate)], pair.clients)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _authority(file: Path | None) -> bytes | None:
    if file is None:
        return None
    found = _bytes(file)
    try:
        _context().load_verify_locations(file)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"there is no authority in {file}: {_reason(error)}") from error
    return found


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file}, which TLS needs, can't be read: {error.strerror}") from error


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _reason(error: Exception) -> str:
    """OpenSSL's own words; it has none for what it can't read."""
    said = getattr(error, "reason", None)
    return said.replace("_", " ").lower() if said else "it is no PEM, or has a password"


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ", timespec="seconds")
