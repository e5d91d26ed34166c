"""Connects as Kafka's client does to a port that is refused at first and then open, and tells whether the connection
rests: `unshare --net python -m tests.adapters.kafka_refused`.

A Service of Kubernetes without pods refuses in this way, by ICMP from the client's own machine.
"""

import select
import socket
import subprocess
import time
from typing import Any

from kafka.net.selector import NetworkSelector

from madseg.adapters.streams.kafka_client import QuietSocket

ADDRESS = ("127.0.0.1", 19092)
REFUSE = ["OUTPUT", "--protocol", "tcp", "--dport", str(ADDRESS[1]), "--jump", "REJECT"]


def main() -> None:
    """Prints how many of 50 looks found the connection ready, though nothing came."""
    _run("ip", "link", "set", "lo", "up")
    _run("iptables", "--append", *REFUSE)
    net, found = NetworkSelector(), list[socket.socket]()

    async def connect() -> None:
        to = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ADDRESS)
        found.append(await QuietSocket("direct://").connect(net, to, timeout_at=time.monotonic() + 20))

    net.call_soon(connect)
    net.poll(timeout_ms=0)
    _run("iptables", "--delete", *REFUSE)
    with socket.create_server(ADDRESS):
        while not found:
            net.poll(timeout_ms=100)
        print(sum(map(bool, (_ready(found[0]) for _ in range(50)))))


def _ready(connection: socket.socket) -> list[Any]:
    with select.epoll() as looking:
        looking.register(connection, select.EPOLLIN)
        return looking.poll(0.005)


def _run(*words: str) -> None:
    subprocess.run(words, check=True)


if __name__ == "__main__":
    main()
