"""What Triton's pods are started with."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from deploy.local.server import Lacking
from deploy.local.triton import Triton
from tests.deploy.kubernetes.rendered import named, rendered


def options(variant: str = "base") -> dict[str, str]:
    """Of the server, by name."""
    (container,) = named(rendered(variant), "Deployment")["triton"]["spec"]["template"]["spec"]["containers"]
    program, *words = container["args"]
    assert program == "tritonserver"
    return dict(word.removeprefix("--").split("=", 1) for word in words)


def test_every_option_is_one_of_this_version(tmp_path: Path) -> None:
    """The wheel that tests run on has the version of the image; a server refuses to start with others."""
    server = Triton(tmp_path / "server", tmp_path)
    try:
        server.prepare()
    except Lacking as error:
        pytest.skip(str(error))
    environment = {**os.environ, **server.environment()}
    told = subprocess.run([server.command()[0], "--help"], env=environment, capture_output=True, text=True)
    assert options().keys() <= set(re.findall(r"^\s*--([\w-]+) <", told.stdout + told.stderr, re.MULTILINE))


def test_connections_are_made_anew() -> None:
    """Every minute, so that predictors find pods that came later; what is under way may take as long as any answer."""
    seconds = {item["data"].get("MADSEG_ANSWER_SECONDS") for item in named(rendered("base"), "ConfigMap").values()}
    (answer,) = seconds - {None}
    assert int(options()["grpc-max-connection-age"]) == 60_000
    assert int(options()["grpc-max-connection-age-grace"]) >= 1000 * int(answer)
