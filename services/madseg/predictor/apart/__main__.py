"""The process that a stranger's network is read in: one job from standard input, one answer on standard output."""

import json
import os
import pickle
import struct
import sys
from dataclasses import asdict
from typing import BinaryIO

from madseg.core.errors import InvalidModel
from madseg.predictor.add import verified
from madseg.predictor.apart.confine import confine


def main() -> None:
    """Waits for a job, limits itself, does it, answers."""
    # Whatever a library prints isn't the answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    head = sys.stdin.buffer.read(8)
    if not head:
        return  # there was none to do
    (length,) = struct.unpack("Q", head)
    memory, seconds, arguments = pickle.loads(sys.stdin.buffer.read(length))  # from our own parent
    confine(memory, seconds)
    try:
        served, report = verified(*arguments)
    except InvalidModel as error:
        _answer(answers, {"refused": str(error)})
    except MemoryError:
        _answer(answers, {"refused": f"it takes more than {memory} bytes of memory to read and check"})
    except RecursionError:
        _answer(answers, {"refused": "its parts lie too deep in each other"})
    else:
        _answer(answers, {"report": asdict(report)}, served)


def _answer(answers: BinaryIO, head: dict[str, object], rest: bytes = b"") -> None:
    answers.write(json.dumps(head).encode() + b"\n" + rest)
    answers.close()


if __name__ == "__main__":
    main()
