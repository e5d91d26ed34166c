"""`python -m deploy.local fetch|start|stop|status [kafka|triton|postgres|s3]...`: without names, all of them.

`fetch` has what a server is made of fetched and built, as its first start does.
"""

import argparse
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.s3 import S3
from deploy.local.server import Failed, Server
from deploy.local.triton import Triton

SERVERS: dict[str, Callable[[Path], Server]] = {"kafka": Kafka, "triton": Triton, "postgres": Postgres, "s3": S3}
"""In the order to start them."""

SETTINGS = {"kafka": "MADSEG_STREAM", "triton": "MADSEG_INFERENCE", "postgres": "MADSEG_DATABASE", "s3": "MADSEG_BLOBS"}
"""The setting of madseg that takes a server's URL."""


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    parser.add_argument("act", choices=list(_ACTS))
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SERVERS)}; default: all")
    parser.add_argument("--folder", type=Path, default=Path("build/servers"), help="data and logs, a folder per server")
    given = parser.parse_args()
    unknown = set(given.names) - SERVERS.keys()
    if unknown:
        parser.error(f"no server {', '.join(sorted(unknown))}: there are {', '.join(SERVERS)}")
    servers = [make(given.folder / name) for name, make in SERVERS.items() if name in (given.names or SERVERS)]
    try:
        for server in servers if given.act != "stop" else reversed(servers):
            _ACTS[given.act](server)
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _fetch(server: Server) -> None:
    print(f"Fetching {server.name} ...", file=sys.stderr)
    server.prepare()


def _start(server: Server) -> None:
    print(f"Starting {server.name} ...", file=sys.stderr)
    server.start()
    print(f"export {SETTINGS[server.name]}={shlex.quote(server.url)}", flush=True)


def _stop(server: Server) -> None:
    was = server.running
    server.stop()
    print(f"{server.name}: {'stopped' if was else 'was not running'}")


def _status(server: Server) -> None:
    print(f"{server.name}: {server.url if server.running and server.answers() else 'not running'}")


_ACTS = {"fetch": _fetch, "start": _start, "stop": _stop, "status": _status}

if __name__ == "__main__":
    sys.exit(main())
