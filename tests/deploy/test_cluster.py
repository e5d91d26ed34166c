"""The parts of `make cluster` that can be tried without one; the rest is proved on it by `make cluster-test`."""

import json
import shutil
import tarfile
from pathlib import Path

import pytest
import yaml

from deploy.cluster import identities, images, leftovers, pause_image
from deploy.cluster.credentials import SERVICES, Credentials
from deploy.cluster.identities import Identities
from madseg.security.access import Role, Tokens


def test_everybody_who_shows_a_token_is_known(tmp_path: Path) -> None:
    """By the file of tokens that the same credentials make; the operator may do everything."""
    made = Credentials()
    found = {item["metadata"]["name"]: item["stringData"] for item in yaml.safe_load_all(made.manifests())}
    file = tmp_path / "tokens.json"
    file.write_text(found["access"]["tokens.json"])
    access = Tokens(file)
    for name in ("operator", *SERVICES):
        who = access.identify(found[name]["token"])
        assert (who.name, who.may(Role.OPERATOR)) == (name, True)
    assert access.identify(made.tokens["operator"]).may(Role.ADMIN)


def test_credentials_are_others_each_time() -> None:
    """And none is twice in them."""
    texts = [Credentials(), Credentials()]
    found = [text for made in texts for text in (made.database, made.secret_key, *made.tokens.values())]
    assert len(set(found)) == len(found)


def test_identities_are_made_once(tmp_path: Path) -> None:
    """Certificates that the CA has signed, a kubeconfig for each program, readable by their owner alone."""
    who = Identities(tmp_path / "identities")
    who.make()
    before = {path.name: path.read_bytes() for path in who.folder.iterdir()}
    who.make()
    assert {path.name: path.read_bytes() for path in who.folder.iterdir()} == before
    assert who.folder.stat().st_mode & 0o077 == 0
    for name in identities.USERS:
        user = yaml.safe_load(who.config(name).read_text())["users"][0]["user"]
        assert user["token"] in before["tokens.csv"].decode()


def test_only_the_clusters_own_folders_are_noted(tmp_path: Path) -> None:
    """What was there before the cluster stays after it."""
    there, absent = tmp_path / "there", tmp_path / "absent"
    there.mkdir()
    cluster = tmp_path / "cluster"
    leftovers.note(cluster, (there, absent))
    absent.mkdir()
    leftovers.note(cluster, (there, absent))
    leftovers.remove_noted(cluster)
    assert (there.exists(), absent.exists()) == (True, False)


def test_the_image_that_holds_a_pod_is_one_program(tmp_path: Path) -> None:
    """Static, and run as nobody."""
    if shutil.which("go") is None:
        pytest.skip("pause is built with Go: install it from https://go.dev/dl")
    with tarfile.open(pause_image.archive(tmp_path / "pause.tar")) as made:
        (manifest,) = json.load(made.extractfile("manifest.json"))  # type: ignore[arg-type]
        config = json.load(made.extractfile(manifest["Config"]))  # type: ignore[arg-type]
        with tarfile.open(fileobj=made.extractfile(manifest["Layers"][0])) as layer:
            assert layer.getnames() == ["pause"]
    assert manifest["RepoTags"] == [pause_image.NAME]
    assert config["config"]["User"] == "65535:65535"


def test_every_image_has_its_recipe() -> None:
    """A Dockerfile and a context that are there."""
    for image in {*images.tags()} - {"kafka", "s3"}:
        recipe = images.recipe(image)
        assert recipe.dockerfile.exists()
        assert all(folder.is_dir() for folder in (recipe.context, *recipe.contexts.values()))
