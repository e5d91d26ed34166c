"""The image of what holds a pod's namespaces: one static program and nothing else."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.local.server import Failed

SOURCE = Path(__file__).with_name("pause")
NAME = "localhost/pause:1"


def archive(file: Path) -> Path:
    """Writes the image as `docker save` would."""
    layer = _layer(_program())
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [NAME], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(file, "w") as made:
        for name, content in (("layer.tar", layer), ("config.json", config), ("manifest.json", manifest)):
            _add(made, name, content, 0o644)
    return file


def _program() -> bytes:
    with TemporaryDirectory() as folder:
        made = Path(folder) / "pause"
        environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": ""}
        command = ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", str(made), "."]
        done = subprocess.run(command, cwd=SOURCE, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"pause can't be built:\n{done.stderr[-2000:]}")
        return made.read_bytes()


def _layer(program: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as made:
        _add(made, "pause", program, 0o755)
    return file.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))
