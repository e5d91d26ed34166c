"""A real S3 server on a folder: versitygw, built from its Go module. `make s3` starts it and prints its URL.

The bucket is a folder, and so are the keys below it. The credentials are made with the folder and stay in it.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode

from deploy.local.server import TOOLS, Failed, Lacking, Server, locked

VERSION = "v1.8.0"
MODULE = "github.com/versity/versitygw/cmd/versitygw"

GO = (1, 26)
"""The oldest Go that builds it; Debian's is older."""

REGION = "us-east-1"

_BINARY = TOOLS / f"versitygw-{VERSION}" / "versitygw"
_HEALTH = "/health"


class S3(Server):
    """versitygw with the bucket `madseg`; the server runs as its caller."""

    name: ClassVar[str] = "s3"

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port()}"

    @property
    def url(self) -> str:
        return self.bucket_url("madseg")

    def bucket_url(self, bucket: str, endpoint: str | None = None) -> str:
        """The URL of a bucket; `endpoint` is another way to the server, through a proxy."""
        place = {"endpoint": endpoint or self.endpoint, "region": REGION, "credentials": str(self.credentials)}
        return f"s3://{bucket}?{urlencode(place, safe=':/')}"

    @property
    def credentials(self) -> Path:
        """A file as AWS's own tools read it, for its owner alone."""
        return self.folder / "credentials"

    def make_bucket(self, bucket: str) -> None:
        """Makes a bucket; does nothing where it is."""
        (self.folder / "data" / bucket).mkdir(parents=True, exist_ok=True)

    def prepare(self) -> None:
        fetch()

    def command(self) -> Sequence[str]:
        if not self.credentials.exists():
            _write_credentials(self.credentials)
        self.make_bucket("madseg")
        # Its listings and metadata live in extended attributes, which not every file system has: so beside the data.
        beside = self.folder / "metadata"
        beside.mkdir(exist_ok=True)
        options = ["--port", f"127.0.0.1:{self.port()}", "--region", REGION, "--health", _HEALTH, "--quiet"]
        return [str(_BINARY), *options, "posix", "--sidecar", str(beside), str(self.folder / "data")]

    def environment(self) -> Mapping[str, str]:
        found = dict(re.findall(r"^aws_(\w+) = (\S+)$", self.credentials.read_text(), re.MULTILINE))
        return {"ROOT_ACCESS_KEY": found["access_key_id"], "ROOT_SECRET_KEY": found["secret_access_key"]}

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.endpoint + _HEALTH, timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def fetch() -> None:
    """Builds the server once per machine."""
    if _BINARY.exists():
        return
    with locked(TOOLS / ".versitygw"):
        if not _BINARY.exists():
            _build()


def _write_credentials(path: Path) -> None:
    lines = ["[default]", f"aws_access_key_id = {secrets.token_hex(8)}"]
    lines += [f"aws_secret_access_key = {secrets.token_urlsafe(30)}"]
    written = path.with_suffix(".part")
    written.touch(mode=0o600)
    written.write_text("\n".join(lines) + "\n")
    written.replace(path)


def _build() -> None:
    """Builds the server beside its place and moves it there."""
    check_go()
    made = TOOLS / f"versitygw-{VERSION}.part"
    shutil.rmtree(made, ignore_errors=True)
    environment = {**os.environ, "GOBIN": str(made), "CGO_ENABLED": "0"}
    found = subprocess.run(
        ["go", "install", "-trimpath", f"{MODULE}@{VERSION}"], env=environment, capture_output=True, text=True
    )
    if found.returncode:
        raise Failed(f"versitygw {VERSION} couldn't be built:\n{found.stderr[-2000:]}")
    made.rename(_BINARY.parent)


def check_go() -> None:
    """Raises Lacking without a Go that is new enough."""
    wanted = ".".join(map(str, GO))
    way_out = f"install Go {wanted} or newer from https://go.dev/dl and put it on PATH (Debian's is too old)"
    if shutil.which("go") is None:
        raise Lacking(f"this is built with Go, which isn't there: {way_out}")
    said = subprocess.run(["go", "env", "-json", "GOVERSION"], capture_output=True, text=True, check=True).stdout
    version: str = json.loads(said)["GOVERSION"]
    numbers = re.match(r"go(\d+)\.(\d+)", version)
    if numbers and tuple(map(int, numbers.groups())) < GO:
        raise Lacking(f"this is built with Go {wanted}, here is {version}: {way_out}")
