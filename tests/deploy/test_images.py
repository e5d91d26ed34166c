"""The image of the services: built from the Dockerfile as it is, started read-only and without rights."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from madseg.client import Client
from tests.client.canned import png
from tests.deploy.images import BASE, DOCKERFILE, ROOT, Container, Image, build, need_buildah
from tests.pipeline.running import until

MEGABYTES = 650
"""What docs/operations.md says that madseg and its packages take, and some."""

pytestmark = pytest.mark.timeout(1200)  # the first build on a machine fetches a Debian and all packages

_SERVERS = (
    "MADSEG_INTAKE",
    "MADSEG_MODELS",
    "MADSEG_SELECTOR",
    "MADSEG_LABELLING",
    "MADSEG_FINETUNE",
    "MADSEG_ROUNDS",
    "MADSEG_HTTP",
)
ADDRESSES = dict.fromkeys(_SERVERS, "127.0.0.1:0")


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The image of the services; minutes the first time on a machine."""
    need_buildah()
    return build("localhost/madseg:test", tmp_path_factory.mktemp("image"))


@pytest.fixture
def container(image: Image) -> Iterator[Container]:
    """A container of it."""
    with image.started() as found:
        yield found


def said(container: Container, *words: str, environment: Mapping[str, str] | None = None) -> str:
    """What a command in the container prints."""
    command = container.command(*words, environment=environment or {}, volumes={})
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def megabytes(folder: Path) -> int:
    """What a folder takes on the disk."""
    done = subprocess.run(["du", "-sm", folder], check=True, capture_output=True, text=True)
    return int(done.stdout.split()[0])


def test_the_dockerfile_is_clean() -> None:
    """By hadolint, and it builds on what the tests take for it."""
    lint = subprocess.run([Path(sys.executable).with_name("hadolint"), DOCKERFILE], capture_output=True, text=True)
    assert (lint.returncode, lint.stdout) == (0, "")
    assert f"ARG PYTHON={BASE}\n" in DOCKERFILE.read_text()


def test_only_what_is_needed_goes_into_the_build() -> None:
    """Whatever lies about in a checkout stays out."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[0] == "*"
    assert [line for line in lines if line.startswith("!")] == [
        "!pyproject.toml",
        "!README.md",
        "!LICENSE",
        "!requirements/*.lock",
        "!services",
        "!deploy/images/start",
    ]


def test_the_image_is_slim(image: Image) -> None:
    """Neither torch nor what tests and builds need, and no more than the manual says."""
    with image.started() as container:
        packages = {path.name for path in (container.root / "opt/packages/lib/python3.11/site-packages").iterdir()}
        size = megabytes(container.root / "opt/packages") + megabytes(container.root / "opt/madseg")
    assert {"numpy", "onnxruntime", "kafka", "psycopg", "tritonclient", "obstore"} <= packages
    assert not {"torch", "pytest", "mypy", "pip", "setuptools", "sklearn"} & packages
    assert size <= MEGABYTES


def test_it_runs_without_rights_on_a_root_that_can_not_be_written(container: Container) -> None:
    """By number, so that an orchestrator can see that it isn't root."""
    assert container.config["User"] == "10001:10001"
    program = "import os, pathlib; print(os.getuid(), os.getgid(), os.access('/opt/madseg', os.W_OK))"
    assert said(container, "python", "-c", program) == "10001 10001 False\n"
    writes = "import pathlib; pathlib.Path('/tmp/x').touch(); pathlib.Path('/srv/x').touch()"
    command = container.command("python", "-c", writes, environment={}, volumes={})
    done = subprocess.run(command, capture_output=True, text=True)
    assert "/srv/x" in done.stderr.splitlines()[-1]


def test_nothing_is_compiled_at_a_start(container: Container) -> None:
    """Neither kernels nor bytecode: both are in the image."""
    told = said(container, "python", "-m", "madseg.core.warm_up", environment={"NUMBA_DEBUG_CACHE": "1"})
    assert "data loaded from '/tmp/kernels" in told
    assert "saved" not in told
    package = container.root / "opt/madseg/madseg"
    sources = {path.relative_to(package).with_suffix("") for path in package.rglob("*.py")}
    compiled = {path.relative_to(package) for path in package.rglob("*.cpython-311.pyc")}
    assert sources == {path.parent.parent / path.name.partition(".")[0] for path in compiled}


def test_every_service_runs_in_it(container: Container, tmp_path: Path) -> None:
    """All of them in one process, which answers health and calls, takes a picture in and ends when told to."""
    for folder in ("state", "models"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder).chmod(0o777)
    volumes = {tmp_path / "state": "/srv", tmp_path / "models": "/mnt"}
    up = container.command(
        "madseg", "up", "--state", "/srv/state", "--repository", "/mnt", environment=ADDRESSES, volumes=volumes
    )
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(up, stderr=log, stdout=log)
    try:
        endpoints = tmp_path / "state" / "state" / "endpoints.json"
        until(lambda: endpoints.exists() or process.poll() is not None)
        assert process.poll() is None, (tmp_path / "log").read_text()
        found = json.loads(endpoints.read_text())
        for name in ("intake", "models", "selector"):
            said(container, "madseg", "health", found[name])
        token = (endpoints.parent / "operator.token").read_text().strip()
        with Client(found["intake"], found["selector"], found["models"], token=token) as client:
            assert client.upload(png((1, 2, 3))).duplicate is False
            assert client.intake_status().accepted == 1
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
