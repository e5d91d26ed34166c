"""A publisher to be killed: `python -m tests.contracts.publishing URL TOPIC` prints a number once it is durable."""

import os
import signal
import subprocess
import sys

from madseg.adapters.streams import open_stream
from madseg.ports import Outgoing

BATCH = 5


def publish_and_kill(url: str, topic: str, acknowledgements: int) -> int:
    """How many records were acknowledged by a publisher that got SIGKILL after some acknowledgements."""
    command = [sys.executable, "-m", "tests.contracts.publishing", url, topic]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = 0
        for _ in range(acknowledgements):
            said = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        # What it managed to say before it died counts too; a line cut short was not said.
        rest = process.stdout.read().splitlines(keepends=True)
    return max([said, *(int(line) for line in rest if line.endswith("\n"))])


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
