"""The model repository over a real server."""

from pathlib import Path

import pytest

from madseg.client import AlreadyExists, InvalidArgument, NotFound, NotReady, Role, Stale
from tests.client.running import Running


def test_models_are_values(services: Running) -> None:
    """Roles, versions and what serves."""
    models = services.client.models()
    assert [(model.name, model.role) for model in models] == [
        ("ours", Role.TARGET),
        ("others", Role.COMPETITOR),
        ("theirs", Role.COMPETITOR),
        ("yesterday", Role.RETIRED),
    ]
    assert (models[0].serving, models[0].versions[1].covers) == ((2,), ("bus", "cat"))


def test_a_model_comes_with_its_card(services: Running) -> None:
    """The card is YAML, as the server keeps it."""
    assert services.client.model("ours").card.startswith("name: ours")
    with pytest.raises(NotFound, match="no model 'tram'"):
        services.client.model("tram")


def test_a_network_goes_out_in_chunks(services: Running, tmp_path: Path) -> None:
    """At most a mebibyte each, and whole at the other end."""
    content = bytes(range(256)) * 10_000
    (tmp_path / "net.onnx").write_bytes(content)
    added = services.client.add_model(tmp_path / "net.onnx", "name: net\n")
    assert (added.model.name, len(added.findings)) == ("net", 1)
    assert services.models.received == [("name: net\n", "net.onnx", content)]
    assert services.models.chunks == [1 << 20, 1 << 20, len(content) - (2 << 20)]


def test_a_taken_name_already_exists(services: Running, tmp_path: Path) -> None:
    """The message says what to do instead."""
    (tmp_path / "net.onnx").write_bytes(b"x")
    with pytest.raises(AlreadyExists, match="release a version"):
        services.client.add_model(tmp_path / "net.onnx", "name: ours\n")


def test_a_release_adds_a_version(services: Running, tmp_path: Path) -> None:
    """The model comes back with the new version, and with another one that followed."""
    (tmp_path / "net.onnx").write_bytes(b"x")
    made = services.client.release_version(tmp_path / "net.onnx", "name: ours\n")
    assert (made.version, made.model.serving) == (3, (4,))


def test_a_file_that_is_not_there_is_refused(services: Running, tmp_path: Path) -> None:
    """Before anything is sent."""
    with pytest.raises(InvalidArgument, match="can't be read: No such file"):
        services.client.add_model(tmp_path / "none.onnx", "name: net\n")


def test_a_model_of_elsewhere_is_registered(services: Running) -> None:
    """With its role and classes."""
    model = services.client.register_imported("outside", "target", covers=["bus"])
    assert (model.imported, model.role) == (True, Role.TARGET)
    assert list(services.models.registered[0].covers) == ["bus"]


def test_a_role_changes(services: Running) -> None:
    """By name of the role; others are refused before they are sent."""
    assert services.client.set_role("theirs", "retired").role is Role.RETIRED
    with pytest.raises(InvalidArgument, match="target, competitor, retired"):
        services.client.set_role("theirs", "champion")


def test_versions_are_chosen_and_rolled_back(services: Running) -> None:
    """The model as it stands, and which versions took part before."""
    switched = services.client.serve_versions("ours", [2, 3])
    assert (switched.model.serving, switched.before) == ((3,), (1, 2))
    assert services.client.rollback_version("ours").before == (1, 2, 3)
    assert services.client.rollback_version("ours", expected_newest=3).before == (1, 2, 3)
    with pytest.raises(Stale, match="takes part is 3, not 4"):
        services.client.rollback_version("ours", expected_newest=4)
    with pytest.raises(NotReady, match="none to go back to"):
        services.client.rollback_version("theirs")
    with pytest.raises(InvalidArgument, match="say which versions"):
        services.client.serve_versions("ours", [])
