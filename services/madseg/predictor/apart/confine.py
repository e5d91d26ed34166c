"""What a process gives up before it touches a stranger's file; none of it can be taken back."""

import ctypes
import os
import platform
import resource
import struct
import sys
from contextlib import suppress
from pathlib import Path

OPEN_FILES = 256
"""Files that it may hold open: its libraries, the network and its external data."""

_MACHINES = {
    "x86_64": (0xC000003E, 317, (41, 42, 59, 322, 101, 425)),
    "aarch64": (0xC00000B7, 277, (198, 203, 221, 281, 117, 425)),
}
"""By machine: its number for the kernel's filter, the call that sets one, and the calls that are refused: socket,
connect, execve, execveat, ptrace, io_uring_setup."""

_FOREIGN = 0x40000000
"""Calls from here on are those of another convention, under other numbers."""

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000  # refused as EPERM
_CALL_AT, _MACHINE_AT = 0, 4

_NO_NEW_PRIVILEGES, _SET_FILTER, _FOR_ALL_THREADS = 38, 1, 1


def confine(memory: int, seconds: int) -> None:
    """Limits this process to `memory` bytes and `seconds` of each processor, and takes from it to write files, to
    connect and to start programs.

    Raises:
        OSError: the system doesn't do it.
    """
    with suppress(OSError):  # if the machine runs out of memory, this process is to go and not its parent
        Path("/proc/self/oom_score_adj").write_text("1000")
    processor_seconds = seconds * (os.cpu_count() or 1)
    for kind, soft, hard in (
        (resource.RLIMIT_DATA, memory, memory),
        (
            resource.RLIMIT_CPU,
            processor_seconds,
            processor_seconds + 5,
        ),  # at the first it is told, at the second killed
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        most = resource.getrlimit(kind)[1]
        bounded = (soft, hard) if most == resource.RLIM_INFINITY else (min(soft, most), min(hard, most))
        resource.setrlimit(kind, bounded)
    if sys.platform == "linux" and platform.machine() in _MACHINES:
        _refuse_calls(*_MACHINES[platform.machine()])


def _refuse_calls(machine: int, set_filter: int, calls: tuple[int, ...]) -> None:
    """Has the kernel refuse some calls of this process, of all its threads and of its children."""
    program = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_EQUAL, 1, 0, machine),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _CALL_AT),
        (_AT_LEAST, len(calls) + 1, 0, _FOREIGN),
        *((_EQUAL, len(calls) - at, 0, call) for at, call in enumerate(calls)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    held = ctypes.create_string_buffer(code, len(code))
    listed = ctypes.create_string_buffer(struct.pack("H6xQ", len(program), ctypes.addressof(held)))
    system = ctypes.CDLL(None, use_errno=True)
    if system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or system.syscall(
        set_filter, _SET_FILTER, _FOR_ALL_THREADS, listed
    ):
        number = ctypes.get_errno()
        raise OSError(number, f"the kernel takes no filter of calls: {os.strerror(number)}")
