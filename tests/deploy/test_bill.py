"""Every locked package has hashes, and a licence that may be shipped; the bill of materials names them all."""

import json
import re
from importlib import metadata

import pytest

from deploy.bill import ALLOWED, LOCKS, SHIPPED, TOOLS, bill, licence, may_ship, read_lock

EVERY = sorted(path.stem for path in LOCKS.glob("*.lock"))


@pytest.mark.parametrize("name", EVERY)
def test_every_locked_package_has_hashes(name: str) -> None:
    """So that what is installed is what was looked at; no line of the file is passed over."""
    found = list(read_lock(LOCKS / f"{name}.lock"))
    assert len(found) == sum("==" in line for line in (LOCKS / f"{name}.lock").read_text().splitlines())
    for item in found:
        assert item.hashes, item.name
        assert all(len(digest) == 64 and set(digest) <= set("0123456789abcdef") for digest in item.hashes)


def test_every_installed_package_of_the_lock_has_an_allowed_licence() -> None:
    """As its own metadata says; programs that only check this project may have another, and aren't shipped."""
    shipped = {item.name for name in SHIPPED for item in read_lock(LOCKS / f"{name}.lock")}
    installed, looked_at = _versions(), 0
    for item in read_lock(LOCKS / "train.lock"):
        if not item.here or item.name not in installed:
            continue
        looked_at += 1
        said = licence(item.name)
        assert said is not None, f"{item.name} says nothing of its licence: look it up, and add it to SAY_NOTHING"
        if item.name in TOOLS:
            assert (said, item.name in shipped) == (TOOLS[item.name], False)
        else:
            assert may_ship(item.name, said), f"{item.name} is under {said}"
    assert looked_at > 100


def test_what_is_installed_is_what_is_locked() -> None:
    """Each package that is in the lock at its version."""
    versions = _versions()
    for item in read_lock(LOCKS / "dev.lock"):
        if item.here and item.name in versions:
            assert versions[item.name] == item.version, item.name


@pytest.mark.parametrize("name", SHIPPED)
def test_the_bill_names_every_package_of_a_lock(name: str) -> None:
    """With version, address, hashes; the licence of what is installed; twice the same."""
    made, lock = bill(LOCKS / f"{name}.lock"), list(read_lock(LOCKS / f"{name}.lock"))
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert [(item["name"], item["version"]) for item in made["components"]] == [(x.name, x.version) for x in lock]
    assert [len(item["hashes"]) for item in made["components"]] == [len(item.hashes) for item in lock]
    assert len({item["bom-ref"] for item in made["components"]}) == len(lock)
    by_name = {item["name"]: item for item in made["components"]}
    assert by_name["grpcio"]["licenses"] == [{"expression": "Apache-2.0"}]
    assert json.dumps(made) == json.dumps(bill(LOCKS / f"{name}.lock"))


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("Apache-2.0 WITH LLVM-exception AND MIT", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("LicenseRef-NVIDIA-Proprietary", False),
        ("", False),
    ],
)
def test_expressions_are_taken_apart(expression: str, allowed: bool) -> None:
    """All of AND, one of OR; what CUDA's libraries may, others mayn't."""
    assert may_ship("something", expression) is allowed
    assert may_ship("nvidia-cublas", "LicenseRef-NVIDIA-Proprietary")
    assert not [name for name in ALLOWED if name.startswith(("GPL", "AGPL"))]


def test_a_package_that_is_not_here_has_no_licence() -> None:
    """Which the bill then leaves out."""
    assert licence("there-is-no-such-package") is None


def _versions() -> dict[str, str]:
    """Versions of what is installed, by the names that lock files have."""
    return {re.sub("[-_.]+", "-", item.name).lower(): item.version for item in metadata.distributions()}
