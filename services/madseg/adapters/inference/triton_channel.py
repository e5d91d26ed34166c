"""A gRPC client of Triton that finds a server again within seconds, and notices one that has vanished."""

from pathlib import Path

import grpc
from tritonclient.grpc import InferenceServerClient

from madseg.adapters.inference.triton_options import Options
from madseg.core.errors import InvalidInput

# tritonclient's own are replaced whole by any that are given, its limits on messages too.
_CHANNEL = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # A machine that lost its power hangs up on nobody: calls would wait for their deadlines, one after the other.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
]


def open_client(options: Options) -> InferenceServerClient:
    """A client, which connects with the first call.

    Raises:
        InvalidInput: the file of certificates can't be read.
    """
    return InferenceServerClient(options.address, creds=_credentials(options.tls), channel_args=_CHANNEL)


def _credentials(tls: str) -> grpc.ChannelCredentials | None:
    if not tls:
        return None
    try:
        return grpc.ssl_channel_credentials(None if tls == "system" else Path(tls).read_bytes())
    except OSError as error:
        raise InvalidInput(f"the certificates {tls} can't be read: {error.strerror}") from error
