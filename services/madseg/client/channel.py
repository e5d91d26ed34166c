"""Channels to services, and the token that calls on them show."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import grpc

from madseg.client.tls import RenewedChannel, Tls


def open_channel(
    address: str, token: str | None = None, options: Sequence[tuple[str, Any]] = (), tls: Tls | None = None
) -> grpc.Channel:
    """A channel to `host:port`, which connects when it is first used; its calls show the token, where there is one.

    Without `tls` it is in the clear.

    Raises:
        InvalidArgument: the files of `tls` can't be used.
    """
    if tls is not None:
        return showing(RenewedChannel(address, tls, options), token)
    return showing(ClosableChannel(grpc.insecure_channel(address, options=options)), token)


def showing(channel: grpc.Channel, token: str | None) -> grpc.Channel:
    """The same channel, whose calls show a token; None shows none."""
    return grpc.intercept_channel(channel, _Bearer(token)) if token else channel


class ClosableChannel(grpc.Channel):
    """A channel that one thread may close while others begin calls on it: these raise ValueError then.

    gRPC's own ends the process where it is asked for a method once it is closed, and interceptors ask at every call.
    """

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel, self._lock, self._closed = channel, threading.Lock(), False

    def unary_unary(self, *given: Any, **named: Any) -> Any:
        return self._made(self._channel.unary_unary, *given, **named)

    def unary_stream(self, *given: Any, **named: Any) -> Any:
        return self._made(self._channel.unary_stream, *given, **named)

    def stream_unary(self, *given: Any, **named: Any) -> Any:
        return self._made(self._channel.stream_unary, *given, **named)

    def stream_stream(self, *given: Any, **named: Any) -> Any:
        return self._made(self._channel.stream_stream, *given, **named)

    def subscribe(self, *given: Any, **named: Any) -> None:
        self._channel.subscribe(*given, **named)

    def unsubscribe(self, callback: Callable[[grpc.ChannelConnectivity], None]) -> None:
        self._channel.unsubscribe(callback)

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._channel.close()

    def __enter__(self) -> "ClosableChannel":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _made(self, make: Callable[..., Any], *given: Any, **named: Any) -> Any:
        with self._lock:
            if self._closed:
                raise ValueError("the channel was closed")
            return make(*given, **named)


@dataclass(frozen=True)
class CallDetails(grpc.ClientCallDetails):
    """How a call is made."""

    method: str
    timeout: float | None
    metadata: tuple[tuple[str, str | bytes], ...]
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None

    @classmethod
    def of(cls, details: Any, **other: Any) -> "CallDetails":
        """The same, but for what is given."""
        names = (item.name for item in fields(cls))
        return cls(**{name: other.get(name, getattr(details, name)) for name in names})


class _Bearer(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Adds the token to what a call says of itself."""

    def __init__(self, token: str) -> None:
        self._entry = ("authorization", f"Bearer {token}")

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(self._shown(details), request)

    intercept_unary_stream: Any = intercept_unary_unary
    intercept_stream_unary: Any = intercept_unary_unary
    intercept_stream_stream: Any = intercept_unary_unary

    def _shown(self, details: Any) -> CallDetails:
        return CallDetails.of(details, metadata=(*(details.metadata or ()), self._entry))
