"""grpcurl, which speaks gRPC by reflection: built from its Go module once per machine, pinned."""

import os
import shutil
import subprocess
from pathlib import Path

from deploy.local.s3 import check_go
from deploy.local.server import TOOLS, Failed, locked

VERSION = "v1.9.3"
MODULE = "github.com/fullstorydev/grpcurl/cmd/grpcurl"

_BINARY = TOOLS / f"grpcurl-{VERSION}" / "grpcurl"


def grpcurl() -> Path:
    """Where it is. Raises Lacking without Go."""
    if not _BINARY.exists():
        with locked(TOOLS / ".grpcurl"):
            if not _BINARY.exists():
                _build()
    return _BINARY


def _build() -> None:
    """Builds it beside its place and moves it there."""
    check_go()
    made = _BINARY.parent.with_suffix(".part")
    shutil.rmtree(made, ignore_errors=True)
    environment = {**os.environ, "GOBIN": str(made), "CGO_ENABLED": "0", "GOFLAGS": ""}
    found = subprocess.run(
        ["nice", "go", "install", "-trimpath", f"{MODULE}@{VERSION}"], env=environment, capture_output=True, text=True
    )
    if found.returncode:
        raise Failed(f"grpcurl {VERSION} couldn't be built:\n{found.stderr[-2000:]}")
    made.rename(_BINARY.parent)
