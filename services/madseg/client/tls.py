"""TLS from the client's side: which servers are believed, and what is shown to those that ask who calls.

Everything stands in PEM files, which may be replaced while the client runs: calls made from then on go by the new ones.
"""

import logging
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from madseg.client.errors import InvalidArgument

log = logging.getLogger("madseg.client")

PUBLIC = "public"
"""Stands for an authority: those that browsers know, as gRPC brings them along."""

Stamp = tuple[tuple[int, int, int] | None, ...]
"""What tells files from those that replace them."""


@dataclass(frozen=True)
class Tls:
    """Files of a client over TLS.

    `authority` signs the servers' certificates, `PUBLIC` for those of the public web. `certificate` and `key` are the
    client's own, for servers that take nobody without; both or neither. `name` is what servers' certificates are made
    out to, where that isn't the name or number in their addresses.

    Raises:
        InvalidArgument: one of certificate and key without the other, no authority, or what should be in a file.
    """

    authority: str
    certificate: str = ""
    key: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        for field in ("authority", "certificate", "key"):
            if "-----BEGIN" in getattr(self, field):  # or a key would stand in an error
                raise InvalidArgument(f"{field} is the path of a file, not what is in it", field=field)
        if not self.authority:
            raise InvalidArgument(f"TLS needs the file of an authority, or {PUBLIC!r}", field="authority")
        if bool(self.certificate) != bool(self.key):
            raise InvalidArgument("a client's certificate and its key are given together", field="certificate")

    @classmethod
    def given(cls, authority: str = "", certificate: str = "", key: str = "", name: str = "") -> "Tls | None":
        """What the variables MADSEG_TLS_AUTHORITY, _CERTIFICATE, _KEY and _NAME say; None where none is set.

        Raises:
            InvalidArgument: as the class.
        """
        return cls(authority, certificate, key, name) if authority or certificate or key or name else None

    @property
    def options(self) -> list[tuple[str, Any]]:
        """Of a channel."""
        return [("grpc.ssl_target_name_override", self.name)] if self.name else []

    def stamp(self) -> Stamp:
        """Of the files as they are now."""
        own = (self.certificate, self.key) if self.certificate else ()
        return tuple(_stamp(Path(file)) for file in (self.authority, *own) if file != PUBLIC)

    def credentials(self) -> grpc.ChannelCredentials:
        """From the files as they are now.

        Raises:
            InvalidArgument: one of them can't be read, is no PEM, or the key is that of another certificate.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        authority = None
        if self.authority != PUBLIC:
            authority = _read(self.authority)
            _checked(
                f"there is no authority in {self.authority}", lambda: context.load_verify_locations(self.authority)
            )
        if not self.certificate:
            return grpc.ssl_channel_credentials(authority)
        certificate, key = _read(self.certificate), _read(self.key)
        said = f"the certificate {self.certificate} can't be used with the key {self.key}"
        _checked(said, lambda: context.load_cert_chain(self.certificate, self.key, lambda: ""))
        return grpc.ssl_channel_credentials(authority, key, certificate)


class RenewedChannel(grpc.Channel):
    """A channel that is opened anew when its files were replaced.

    Calls under way go on over the one before, which closes when the files are replaced once more. Files that can't be
    used are reported, and those before are used on.
    """

    def __init__(self, address: str, tls: Tls, options: Sequence[tuple[str, Any]] = ()) -> None:
        """Raises InvalidArgument where the files can't be used."""
        self._address, self._tls, self._options = address, tls, [*options, *tls.options]
        self._lock = threading.Lock()
        self._stamp, self._channel = tls.stamp(), self._open()
        self._former: grpc.Channel | None = None
        self._closed = False

    def made(self, make: Callable[[grpc.Channel], Any]) -> Any:
        """What `make` makes of the channel over the files as they are now.

        Raises:
            ValueError: it was closed, after which gRPC's own would end the process.
        """
        with self._lock:
            if self._closed:
                raise ValueError("the channel was closed")
            stamp = self._tls.stamp()
            if stamp != self._stamp:
                self._stamp = stamp
                self._renew()
            return make(self._channel)

    def _open(self) -> grpc.Channel:
        return grpc.secure_channel(self._address, self._tls.credentials(), self._options)

    def _renew(self) -> None:
        try:
            opened = self._open()
        except InvalidArgument as error:
            log.warning("%s; those before are used on", error)
            return
        if self._former is not None:
            self._former.close()
        self._former, self._channel = self._channel, opened

    def unary_unary(self, *given: Any, **named: Any) -> Any:
        return _Method(self, lambda channel: channel.unary_unary(*given, **named))

    def unary_stream(self, *given: Any, **named: Any) -> Any:
        return _Method(self, lambda channel: channel.unary_stream(*given, **named))

    def stream_unary(self, *given: Any, **named: Any) -> Any:
        return _Method(self, lambda channel: channel.stream_unary(*given, **named))

    def stream_stream(self, *given: Any, **named: Any) -> Any:
        return _Method(self, lambda channel: channel.stream_stream(*given, **named))

    def subscribe(self, *given: Any, **named: Any) -> None:
        self.made(lambda channel: channel.subscribe(*given, **named))

    def unsubscribe(self, callback: Callable[[grpc.ChannelConnectivity], None]) -> None:
        for channel in filter(None, (self._former, self._channel)):
            channel.unsubscribe(callback)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for channel in filter(None, (self._former, self._channel)):
                channel.close()

    def __enter__(self) -> "RenewedChannel":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Method:
    """A method of whichever channel is the current one."""

    def __init__(self, renewed: RenewedChannel, make: Callable[[grpc.Channel], Any]) -> None:
        self._renewed, self._make = renewed, make

    def __call__(self, *given: Any, **named: Any) -> Any:
        return self._now()(*given, **named)

    def with_call(self, *given: Any, **named: Any) -> Any:
        return self._now().with_call(*given, **named)

    def future(self, *given: Any, **named: Any) -> Any:
        return self._now().future(*given, **named)

    def _now(self) -> Any:
        return self._renewed.made(self._make)


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise InvalidArgument(f"{file} can't be read: {error.strerror}") from error


def _checked(said: str, load: Callable[[], None]) -> None:
    try:
        load()
    except (ssl.SSLError, OSError, ValueError) as error:
        raise InvalidArgument(f"{said}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """OpenSSL's own words; it has none for what it can't read."""
    said = getattr(error, "reason", None)
    return said.replace("_", " ").lower() if said else "it is no PEM, or has a password"
