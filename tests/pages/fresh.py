"""A virtual environment in which somebody has typed `pip install madseg`, and that never asks the network.

madseg's wheel is built from this checkout. What it requires is copied from the environment of the tests, where it was
installed with its hashes checked; nothing else is there.
"""

import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from tests.pages.blocks import ROOT

_SOURCES = ("pyproject.toml", "README.md", "LICENSE")


def client_only(folder: Path) -> Path:
    """The environment's Python."""
    python = folder / "venv" / "bin" / "python"
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"))
    wheel = _wheel(folder)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python))
    _run(*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel))
    asked = "import importlib.metadata, json; print(json.dumps(importlib.metadata.requires('madseg')))"
    wanted = [_name(item) for item in json.loads(_run(str(python), "-c", asked)) if "extra ==" not in item]
    (packages,) = (folder / "venv" / "lib").glob("python3*/site-packages")
    _copy(wanted, packages)
    return python


def installed(python: Path) -> set[str]:
    """Names of the distributions in an environment."""
    asked = "import importlib.metadata as m, json; print(json.dumps([d.metadata['Name'] for d in m.distributions()]))"
    return {name.lower().replace("_", "-") for name in json.loads(_run(str(python), "-c", asked))}


def _wheel(folder: Path) -> Path:
    """Built from a copy: building leaves traces beside the sources."""
    source = folder / "source"
    shutil.copytree(ROOT / "services", source / "services", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in _SOURCES:
        shutil.copy(ROOT / name, source)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet")
    _run(*pip, "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(source))
    (wheel,) = folder.glob("madseg-*.whl")
    return wheel


def _copy(names: list[str], packages: Path) -> None:
    """Copies distributions and what they require in turn."""
    waiting, seen = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        found = distribution(name)
        waiting += [_name(item) for item in found.requires or () if "extra ==" not in item]
        for file in found.files or ():
            source = Path(str(found.locate_file(file)))
            if ".." in file.parts or not source.is_file():
                continue
            (packages / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, packages / file)


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None, requirement
    return found[0].lower()


def _run(*command: str) -> str:
    ran = subprocess.run(command, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{' '.join(command)}\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}"
    return ran.stdout
