"""Every service a process of its own, on the real servers: started, killed and started again one by one."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import TracebackType

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.s3 import S3
from deploy.local.server import Server, free_port
from deploy.local.triton import Triton
from madseg.client import Client
from madseg.client.tls import Tls
from madseg.gateway import __main__ as gateway
from madseg.predictor import __main__ as predictor
from madseg.predictor import models
from madseg.security.access import Role, add_token
from madseg.selector import __main__ as selector
from madseg.settings import reference
from tests.pipeline.running import READY_SECONDS, until
from tests.security.authority import Authority

# The kernel ends a process with the tests, however these end.
_BOOT = (
    "import ctypes, runpy, signal; ctypes.CDLL(None).prctl(1, signal.SIGKILL); runpy.run_module({!r}, {{}}, '__main__')"
)

KINDS: Mapping[str, tuple[str, type]] = {
    "gateway": ("madseg.gateway", gateway.Config),
    "models": ("madseg.predictor.models", models.Config),
    "predictor": ("madseg.predictor", predictor.Config),
    "selector": ("madseg.selector", selector.Config),
}
"""Kind of process to its module and the settings that it takes."""


@dataclass(frozen=True)
class Servers:
    """One real server of each kind, the caller's own."""

    kafka: Kafka
    triton: Triton
    postgres: Postgres
    s3: S3

    @classmethod
    def of(cls, folder: Path, repository: Path) -> "Servers":
        """Servers over a folder, not started. What they say is done outlives kill -9."""
        # Not below the test's folder, which another account, as PostgreSQL's, can't enter.
        data = Path(tempfile.mkdtemp(prefix="madseg-postgres-"))
        data.chmod(0o755)
        return cls(Kafka(folder / "kafka"), Triton(folder / "triton", repository), Postgres(data), S3(folder / "s3"))

    def all(self) -> dict[str, Server]:
        """By name, in the order to start them."""
        return {"kafka": self.kafka, "triton": self.triton, "postgres": self.postgres, "s3": self.s3}

    def urls(self) -> dict[str, str]:
        """The settings that name them. Members that were killed have left their group after some seconds."""
        return {
            "MADSEG_STREAM": f"{self.kafka.url}?session_seconds=6",
            "MADSEG_INFERENCE": self.triton.url,
            "MADSEG_DATABASE": self.postgres.url,
            "MADSEG_BLOBS": self.s3.url,
        }


class Process:
    """One service's process after the other. `address` is where its gRPC server listens, if it has one; `code` is the
    folder of another release's packages, which is started instead of this one's."""

    def __init__(self, name: str, settings: Mapping[str, str], address: str | None, log: Path) -> None:
        self.name, self.settings, self.address, self.log = name, dict(settings), address, log
        self.code: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """True until it has ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Of the process that was started last."""
        assert self._process is not None
        return self._process.pid

    def spawn(self) -> None:
        """Starts it and doesn't wait."""
        module, config = KINDS[self.name.partition("-")[0]]
        ours = {name: value for name, value in os.environ.items() if not name.startswith("MADSEG_")}
        settings = self.settings
        if self.code is not None:
            ours["PYTHONPATH"] = str(self.code)
            known = _settings_of(self.code, config.__module__)
            settings = {name: value for name, value in settings.items() if name in known}
        with self.log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BOOT.format(module)],
                env={**ours, **settings},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )

    def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(60)

    def serves(self) -> bool:
        """True once its gRPC server says so; at once where it has none."""
        assert self.running, f"{self.name} ended:\n{self.log.read_text()[-3000:]}"
        if self.address is None:
            return True
        with grpc.insecure_channel(self.address) as channel:
            try:
                answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=2)
            except grpc.RpcError:
                return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    def resident(self) -> int:
        """Bytes of memory that it holds."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Secured:
    """What a fleet has whose services ask for certificates and tokens, and note who did what, below a folder."""

    folder: Path
    token: str
    """Of an admin, and of the services."""
    tls: Tls

    @classmethod
    def of(cls, folder: Path) -> "Secured":
        """Certificates of an authority of their own."""
        authority = Authority(folder / "tls")
        certificate, key = authority.sign("madseg")
        token = add_token(folder / "tokens.json", "everybody", [Role.ADMIN])
        return cls(folder, token, Tls(str(authority.file), str(certificate), str(key)))

    @property
    def settings(self) -> dict[str, str]:
        """Of every service."""
        return {
            "MADSEG_INSECURE": "false",
            "MADSEG_TOKENS": str(self.folder / "tokens.json"),
            "MADSEG_GATEWAY_TOKEN": self.token,
            "MADSEG_AUDIT": str(self.folder / "audit.jsonl"),
            "MADSEG_CALL_RATE": "1000",
            "MADSEG_TLS_CERTIFICATE": self.tls.certificate,
            "MADSEG_TLS_KEY": self.tls.key,
            "MADSEG_TLS_AUTHORITY": self.tls.authority,
            "MADSEG_TLS_CLIENT_AUTHORITY": self.tls.authority,
        }


@cache
def _settings_of(code: Path, module: str) -> frozenset[str]:
    """What the release in a folder takes as settings of a service."""
    asking = (
        f"from madseg.settings import reference; from {module} import Config; print(*next(zip(*reference(Config))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", asking], env={**os.environ, "PYTHONPATH": str(code)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return frozenset(re.findall(r"MADSEG_\w+", done.stdout))


class Fleet:
    """Gateways, the Models service, predictors and selectors. Leaving the `with` block kills what still runs."""

    def __init__(
        self,
        settings: Mapping[str, str],
        folder: Path,
        predictors: int,
        selectors: int,
        gateways: int = 1,
        secured: Secured | None = None,
    ) -> None:
        self._secured = secured
        self.processes: dict[str, Process] = {}
        addresses = {name: f"127.0.0.1:{free_port()}" for name in ("http", "intake", "models", "selector-1")}
        common = {
            **settings,
            "MADSEG_MIGRATE": "true",
            **(secured.settings if secured else {"MADSEG_INSECURE": "true"}),
            "MADSEG_LABELLING": "",  # nobody labels, so nobody has to be told of what is forgotten
            "MADSEG_HTTP": addresses["http"],
            "MADSEG_INTAKE": addresses["intake"],
            "MADSEG_MODELS": addresses["models"],
            "MADSEG_SELECTOR": addresses["selector-1"],
        }
        self.http = f"http://{addresses['http']}"
        self.gateways = [self.http]
        self._addresses, self._clients = addresses, dict[str, Client]()
        add = partial(self._add, common, folder)
        add("models", addresses["models"])
        add("gateway", addresses["intake"])
        for number in range(2, gateways + 1):
            web, address = (f"127.0.0.1:{free_port()}" for _ in range(2))
            self.gateways.append(f"http://{web}")
            add(f"gateway-{number}", address, MADSEG_HTTP=web, MADSEG_INTAKE=address)
        for number in range(1, selectors + 1):
            address = addresses.setdefault(f"selector-{number}", f"127.0.0.1:{free_port()}")
            add(f"selector-{number}", address, MADSEG_SELECTOR=address)
        for number in range(1, predictors + 1):
            add(f"predictor-{number}", None)

    def _add(self, common: Mapping[str, str], folder: Path, name: str, address: str | None, **own: str) -> None:
        known = {variable for variable, *_ in reference(KINDS[name.partition("-")[0]][1])}
        if self._secured and address is not None:  # which is asked without a certificate
            address = own["MADSEG_HEALTH"] = f"127.0.0.1:{free_port()}"
        settings = {variable: value for variable, value in {**common, **own}.items() if variable in known}
        self.processes[name] = Process(name, settings, address, folder / f"{name}.log")

    def start(self) -> Client:
        """Starts what doesn't run and waits until all of it serves; a client of the first selector."""
        for process in self.processes.values():
            if not process.running:
                process.spawn()
        self.wait_ready()
        return self.client()

    def wait_ready(self) -> None:
        """Waits until every process serves."""
        for process in self.processes.values():
            until(process.serves, READY_SECONDS)

    def client(self, selector: str = "selector-1") -> Client:
        """A client that asks one of the selectors."""
        if selector not in self._clients:
            found = self._addresses
            where = found["intake"], found[selector], found["models"]
            token, tls = (self._secured.token, self._secured.tls) if self._secured else (None, None)
            self._clients[selector] = Client(*where, token=token, tls=tls, timeout=30)
        return self._clients[selector]

    @property
    def selectors(self) -> list[str]:
        """Names of the selectors."""
        return [name for name in self.processes if name.startswith("selector")]

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            client.close()
        for process in self.processes.values():
            if process.running:
                process.kill()
            if process.log.exists():
                print(f"the end of {process.log}:\n{process.log.read_text(errors='replace')[-3000:]}")
