"""NVIDIA's Triton without Docker, on the CPU: the server out of the wheel `nvidia-pytriton`, with a backend of our own.

The wheel has Triton 2.51 (24.10) and its Python backend alone. `triton_backend.py` is put beside that as the backend
`onnxruntime`, so a model repository is served as it is; production has NVIDIA's container with the C++ backend.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from deploy.local.server import TOOLS, Failed, Lacking, Server, locked

LOCK = Path(__file__).parents[2] / "requirements" / "triton.lock"
BACKEND = Path(__file__).with_name("triton_backend.py")
SHARED_MEMORY = Path("/dev/shm")

PYTHONS = ((3, 11), (3, 12))
"""Versions for which there is both the stub in the wheel and a NumPy 1.26, which the stub needs."""

STUB = "triton_python_backend_stub"
"""What runs a version of a network, as a process."""

WAKING_SECONDS = 1.0
"""In which these processes give a sign of life; they do so every 0.3 s."""

EXIT_SECONDS = 20
"""How long requests under way may go on after a stop."""


class Triton(Server):
    """Serves a model repository under explicit control, every model of it loaded at the start.

    `repository` defaults to MADSEG_REPOSITORY, else `model_repository`.
    """

    name = "triton"
    start_seconds = 120.0
    stop_seconds = EXIT_SECONDS + 10.0

    def __init__(self, folder: Path, repository: Path | None = None) -> None:
        super().__init__(folder)
        self.repository = (repository or Path(os.environ.get("MADSEG_REPOSITORY", "model_repository"))).absolute()

    @property
    def url(self) -> str:
        return f"triton://127.0.0.1:{self.port('grpc')}"

    @property
    def metrics(self) -> str:
        """Where Prometheus finds its metrics."""
        return f"http://127.0.0.1:{self.port('metrics')}/metrics"

    def prepare(self) -> None:
        _require_machine()
        if not self.repository.is_dir():
            raise Failed(f"there is no model repository {self.repository}: set MADSEG_REPOSITORY to its folder")
        with locked(TOOLS / ".triton"):
            if not _environment().exists():
                _install(_environment())

    def command(self) -> Sequence[str]:
        self._remove_leftovers()
        self._assemble()
        server = _wheel() / "bin" / "tritonserver"
        options = {
            "model-repository": self.repository,
            "backend-directory": self._backends,
            "cache-directory": _wheel() / "caches",
            "model-control-mode": "explicit",
            "load-model": "*",
            # A model that can't be loaded is that model's trouble, not the server's.
            "exit-on-error": "false",
            "strict-readiness": "false",
            "exit-timeout-secs": EXIT_SECONDS,
            "allow-gpu-metrics": "false",
            "grpc-address": "127.0.0.1",
            "http-address": "127.0.0.1",
            "metrics-address": "127.0.0.1",
            "grpc-port": self.port("grpc"),
            "http-port": self.port("http"),
            "metrics-port": self.port("metrics"),
            "backend-config": f"python,shm-region-prefix-name={self._prefix}",
        }
        # Without auto-complete each version starts one process less, and config.pbtxt says everything.
        return [str(server), "--disable-auto-complete-config", *(f"--{key}={value}" for key, value in options.items())]

    def environment(self) -> Mapping[str, str]:
        # Without these libraries loading a model hangs; the stub takes the environment of the first `python3`.
        libraries = [str(_packages() / "nvidia_pytriton.libs"), str(sysconfig.get_config_var("LIBDIR"))]
        return {
            "LD_LIBRARY_PATH": ":".join([*libraries, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]),
            "PATH": f"{_environment() / 'bin'}:{os.environ.get('PATH', os.defpath)}",
        }

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port('http')}/v2/health/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def stop(self) -> None:
        super().stop()
        self._remove_leftovers()

    def signal(self, number: signal.Signals) -> None:
        # A server that wakes before the processes of its networks takes them for dead after a second's silence, and
        # from then on gives each of their answers to the next request. NVIDIA's C++ backend has no such processes.
        if number is signal.SIGCONT:
            for process in self._processes():
                with suppress(ProcessLookupError):
                    os.kill(process, number)
            time.sleep(WAKING_SECONDS)
        super().signal(number)

    def _processes(self) -> Iterator[int]:
        """Those of the networks."""
        name = str(self._backends / "python" / STUB).encode()
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(FileNotFoundError, ProcessLookupError):
                if path.read_bytes().startswith(name):
                    yield int(path.parent.name)

    @property
    def _backends(self) -> Path:
        return self.folder / "backends"

    @property
    def _prefix(self) -> str:
        """What the names of this server's shared memory begin with, so that no other's is ever removed."""
        return f"madseg-triton-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]}-"

    def _assemble(self) -> None:
        """Copies, because Triton refuses links out of the folder; anew each time, as it takes the stub's mode away."""
        shutil.rmtree(self._backends, ignore_errors=True)
        python, ours = self._backends / "python", self._backends / "onnxruntime"
        shutil.copytree(_wheel() / "backends" / "python", python)
        stub = python / STUB
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        shutil.copyfile(_wheel() / "python_backend_stubs" / version / stub.name, stub)
        stub.chmod(0o755)
        ours.mkdir()
        shutil.copyfile(BACKEND, ours / "model.py")

    def _remove_leftovers(self) -> None:
        """Shared memory that stays after a kill -9."""
        for path in SHARED_MEMORY.glob(f"{self._prefix}*"):
            with suppress(FileNotFoundError):
                path.unlink()


def _require_machine() -> None:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise Lacking("Triton's wheel is for Linux on x86-64 alone")
    if sys.version_info[:2] not in PYTHONS:
        raise Lacking("the local Triton wants Python 3.11 or 3.12: make setup PYTHON=python3.11")
    name = f"libpython{sys.version_info.major}.{sys.version_info.minor}"
    if not (Path(str(sysconfig.get_config_var("LIBDIR"))) / f"{name}.so.1.0").exists():
        try:
            ctypes.CDLL(f"{name}.so.1.0")
        except OSError:
            raise Lacking(f"Triton's Python backend wants {name}: apt-get install {name}") from None


def _environment() -> Path:
    """The virtual environment of this lock file and this Python."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return TOOLS / f"triton-{version}-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"


def _packages() -> Path:
    return _environment() / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def _wheel() -> Path:
    return _packages() / "pytriton" / "tritonserver"


def _install(environment: Path) -> None:
    part = environment.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(part)], "python3 -m venv failed: apt-get install python3-venv")
    options = "--quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes".split()
    _run([str(part / "bin/python"), "-m", "pip", "install", *options, "-r", str(LOCK)], "Triton can't be installed")
    part.rename(environment)


def _run(command: Sequence[str], failure: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{failure}\n{done.stdout}{done.stderr}".rstrip())
