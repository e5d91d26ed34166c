"""Several processes that share a run on this machine: `python -m madseg.finetune.ranks 4 madseg.finetune.run FOLDER`.

They stay in the session of whoever starts them and inherit what is open, so that a signal to the group reaches all of
them, and a lock that was inherited is held for as long as one of them lives. torchrun starts a session for each and
closes what is open. Where one fails the others are killed: they would wait for it, and a run goes on from its
checkpoint.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

POLL_SECONDS = 0.1


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: that of the first process that fails, as a shell gives it; 0 where none does."""
    count, module, folder = sys.argv[1:] if arguments is None else arguments
    ranks: list[subprocess.Popen[bytes]] = []
    port = _free_port()
    try:
        for rank in range(int(count)):
            command = [sys.executable, "-m", module, folder]
            ranks.append(subprocess.Popen(command, env=_environment(rank, count, port), close_fds=False))
        return _until_ended(ranks)
    finally:
        for process in ranks:
            process.kill()
        for process in ranks:
            process.wait()


def _environment(rank: int, count: str, port: int) -> dict[str, str]:
    """What torch.distributed reads. Threads of arithmetic are one a process, as torchrun has them."""
    told = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
    return {"OMP_NUM_THREADS": "1", **os.environ, **told, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}


def _until_ended(ranks: Sequence[subprocess.Popen[bytes]]) -> int:
    """0 when all have ended well; the status of one that hasn't, at once."""
    while True:
        ended = [process.poll() for process in ranks]
        failed = next((status for status in ended if status), None)
        if failed is not None:
            return failed if failed > 0 else 128 - failed
        if None not in ended:
            return 0
        time.sleep(POLL_SECONDS)


def _free_port() -> int:
    """Where the processes meet. Who takes it in between makes them fail, and the run is launched again."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
