"""PostgreSQL as the distribution ships it: a cluster of its own in the folder, with a password made for it."""

import os
import pwd
import secrets
import signal
import subprocess
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from shutil import which

import psycopg

from deploy.local.server import Failed, Lacking, Server

NAME = "madseg"
"""Of the role, which may do everything, and of the database."""

INSTALL = "apt-get install --yes --no-install-recommends postgresql"

REACHABLE = Path("/var/tmp")
"""Where the data goes when the server's account can't reach the folder."""


class Postgres(Server):
    """A server on 127.0.0.1 alone. Where it isn't `durable`, a power failure may take the data: for tests."""

    name = "postgres"

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        super().__init__(folder)
        self._durable = durable

    @property
    def url(self) -> str:
        return f"postgresql://{NAME}:{self._secret.read_text()}@127.0.0.1:{self.port()}/{NAME}"

    def prepare(self) -> None:
        _programs()
        if (user := self.user()) is not None and user not in {account.pw_name for account in pwd.getpwall()}:
            raise Lacking(f"root can't run PostgreSQL, and there is no account {user} for it: {INSTALL}")

    def command(self) -> Sequence[str]:
        programs, data = _programs(), self._data
        if not (data.exists() and self._secret.exists()):
            self._initialise(programs, data)
        settings = {"port": str(self.port()), "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        if not self._durable:
            settings |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(programs / "postgres"), "-D", str(data), *options]

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def user(self) -> str | None:
        # PostgreSQL refuses to run as root; Debian's package makes the account.
        return "postgres" if os.geteuid() == 0 else None

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to every process of the server; SIGTERM to the first alone, as SIGINT.

        The children have process groups of their own, and SIGTERM would wait until all clients have left.
        """
        found = self._running()
        if found is None:
            return
        family = [found.pid] if number == signal.SIGTERM else [found.pid, *_children(found.pid)]
        for pid in family:
            try:
                os.kill(pid, signal.SIGINT if number == signal.SIGTERM else number)
            except ProcessLookupError:
                continue

    @property
    def _data(self) -> Path:
        user = self.user()
        if user is None or all(parent.stat().st_mode & 0o001 for parent in self.folder.parents):
            return self.folder / "data"
        return REACHABLE / f"madseg-postgres-{sha256(bytes(self.folder)).hexdigest()[:16]}" / "data"

    @property
    def _secret(self) -> Path:
        return self.folder / "password"

    def _initialise(self, programs: Path, data: Path) -> None:
        """Makes the cluster beside its place and moves it there when it is whole."""
        fresh = data.with_name("data.new")
        self._as_user("rm", "-rf", str(fresh), str(data))
        data.parent.mkdir(parents=True, exist_ok=True)
        self._own(data.parent)
        password = secrets.token_hex(16)
        self._secret.touch(mode=0o600)
        self._secret.write_text(password)
        access = ("--auth-local=trust", "--auth-host=scram-sha-256", f"--username={NAME}")
        speed = () if self._durable else ("--no-sync",)
        self._as_user(str(programs / "initdb"), "-D", str(fresh), "--encoding=UTF8", "--no-locale", *access, *speed)
        # One statement a line is what a server without clients takes from its standard input.
        first = f"ALTER ROLE {NAME} PASSWORD '{password}'\nCREATE DATABASE {NAME}\n"
        self._as_user(str(programs / "postgres"), "--single", "-D", str(fresh), "postgres", given=first)
        self._as_user("mv", str(fresh), str(data))

    def _own(self, folder: Path) -> None:
        """Gives a folder to the server's account."""
        if (user := self.user()) is not None:
            account = pwd.getpwnam(user)
            os.chown(folder, account.pw_uid, account.pw_gid)
            folder.chmod(0o755)

    def _as_user(self, *command: str, given: str = "") -> None:
        user = self.user()
        ran = subprocess.run(
            command,
            input=given,
            cwd="/",
            check=False,
            capture_output=True,
            text=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
        if ran.returncode:
            raise Failed(f"{command[0]} failed while the cluster was made:\n{ran.stdout[-1000:]}{ran.stderr[-2000:]}")


def _programs() -> Path:
    """The folder of the server's programs, which Debian doesn't put on the PATH.

    Raises:
        Lacking: there is none.
    """
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    if (config := which("pg_config")) is not None:
        told = subprocess.run([config, "--bindir"], check=True, capture_output=True, text=True)
        places.insert(0, Path(told.stdout.strip()))
    for place in places:
        if (place / "postgres").exists() and (place / "initdb").exists():
            return place
    raise Lacking(f"PostgreSQL's server is not installed: {INSTALL}")


def _children(pid: int) -> list[int]:
    """The processes that a server has started for its clients and its chores."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
