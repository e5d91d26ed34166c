"""The end of the demo on a terminal."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

from madseg.demo.staying import pages


def state(folder: Path) -> Path:
    """A state as services leave it that are up."""
    (folder / "endpoints.json").write_text(json.dumps({"http": "http://127.0.0.1:1234"}))
    (folder / "operator.token").write_text("a/token\n")
    return folder


def test_the_link_signs_in(tmp_path: Path) -> None:
    """The token stands behind the #, which browsers send to nobody."""
    assert pages(state(tmp_path)) == "http://127.0.0.1:1234/#/sign-in/a%2Ftoken"


def test_it_stays_until_ctrl_c(tmp_path: Path) -> None:
    """And then returns, as if nothing had happened."""
    code = "import sys; from pathlib import Path; from madseg.demo.staying import stay; stay(Path(sys.argv[1]))"
    master, slave = pty.openpty()
    command = [sys.executable, "-c", code, str(state(tmp_path))]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    said = b""
    while b"until Ctrl-C" not in said:
        said += os.read(master, 1000)
    time.sleep(0.1)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert b"/#/sign-in/" in said
    os.close(master)
