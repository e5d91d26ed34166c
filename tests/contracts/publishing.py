"""A publisher to be killed: `python -m tests.contracts.publishing URL TOPIC` prints a number once it is durable."""

import sys

from madseg.adapters.streams import open_stream
from madseg.ports import Outgoing

BATCH = 5


def main(url: str, topic: str) -> None:
    """Publishes batches of records with values 0, 1, 2, ... under three keys, until it is killed."""
    stream = open_stream(url)
    first = 0
    while True:
        numbers = range(first, first + BATCH)
        stream.publish([Outgoing(topic, f"key{n % 3}", str(n).encode().ljust(2000)) for n in numbers])
        first += BATCH
        print(first, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
