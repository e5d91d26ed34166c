"""Pings between a server and its peers: when one counts as gone, and how often it may ask."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Alive:
    """How a server finds out that a peer is gone that says nothing, in seconds.

    One that was silent for `after` is pinged, and hung up on where it doesn't answer `within`: else a watcher whose
    machine died would keep its place for two hours. Peers may ping once in `pings`, also between calls; ours do every
    five minutes, as gRPC's own servers take it.
    """

    after: float = 60.0
    within: float = 20.0
    pings: float = 10.0

    @property
    def options(self) -> list[tuple[str, int]]:
        """As gRPC names them."""
        return [
            ("grpc.keepalive_time_ms", int(self.after * 1000)),
            ("grpc.keepalive_timeout_ms", int(self.within * 1000)),
            ("grpc.http2.ping_timeout_ms", int(self.within * 1000)),  # or it waits a minute all the same
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),  # any number: silence is when they are needed
            ("grpc.http2.min_ping_interval_without_data_ms", int(self.pings * 1000)),
        ]


USUAL = Alive()
"""What servers take unless they are told."""
