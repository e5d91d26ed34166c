"""Folders, buckets, URL lists, label maps and networks."""

import json
import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import obstore
import onnx
import pytest

from madseg import project
from madseg.adapters.blobs.stores import open_store
from madseg.core.label_map import decode
from tests.cli.terminal import Terminal
from tests.client.canned import image_id, png
from tests.client.running import Running
from tests.predictor.networks import COLOURS, network
from tests.servers import s3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, one of them twice, and an empty file."""
    made = tmp_path / "pictures"
    (made / "deep").mkdir(parents=True)
    (made / "a.png").write_bytes(png((1, 2, 3)))
    (made / "b.png").write_bytes(png((4, 5, 6)))
    (made / "deep" / "c.png").write_bytes(png((1, 2, 3)))
    return made


def test_a_folder_goes_in(madseg: Terminal, services: Running, folder: Path) -> None:
    """With source and tags; the summary tells what was known before."""
    answer = madseg("ingest", "folder", folder, "--source", "door", "--tag", "k=v")
    assert (answer.code, answer.out) == (0, "Pictures: 3 taken in, 1 of them known before; 0 refused.")
    assert {(item.source, item.tags["k"]) for item in services.intake.uploads} == {("door", "v")}


def test_refused_pictures_are_named(madseg: Terminal, folder: Path) -> None:
    """The summary names the first, and the exit code is 3."""
    for number in range(7):
        (folder / f"empty-{number}.png").write_bytes(b"")
    answer = madseg("ingest", "folder", folder)
    assert (answer.code, answer.out) == (3, "Pictures: 3 taken in, 1 of them known before; 7 refused.")
    assert "refused: empty-0.png: an image must have at least 1 byte, got 0" in answer.err
    assert "... and 2 more" in answer.err


def test_a_folder_in_json_is_a_line_a_picture(madseg: Terminal, folder: Path) -> None:
    """In order, with id or reason."""
    (folder / "z.png").write_bytes(b"")
    found = madseg("ingest", "folder", folder, "--json").lines
    assert [(item["name"], item["outcome"]) for item in found] == [
        ("a.png", "accepted"),
        ("b.png", "accepted"),
        ("deep/c.png", "accepted"),
        ("z.png", "refused"),
    ]
    assert (found[0]["image_id"], found[2]["duplicate"]) == (image_id(1), True)


def test_a_folder_that_is_not_there_is_an_error(madseg: Terminal, tmp_path: Path) -> None:
    """It is named."""
    answer = madseg("ingest", "folder", tmp_path / "none")
    assert (answer.code, "none" in answer.err) == (1, True)


def test_watching_ends_with_an_interrupt(madseg: Terminal, services: Running, folder: Path) -> None:
    """What was there and what came is in, and the summary is printed."""

    def interrupt() -> None:
        deadline = time.monotonic() + 20
        while len(services.intake.uploads) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    answer = madseg("ingest", "folder", folder, "--watch")
    assert (answer.code, answer.out) == (0, "Pictures: 3 taken in, 1 of them known before; 0 refused.")


@pytest.fixture
def bucket() -> str:
    """The URL of a prefix with two pictures and an empty object."""
    url = s3.empty_prefix()
    fill(url, {"a.png": png((1, 2, 3)), "deep/b.png": png((4, 5, 6)), "empty.png": b""})
    return url


def fill(url: str, objects: Mapping[str, bytes]) -> None:
    """Puts objects below the prefix."""
    for key, content in objects.items():
        obstore.put(open_store(url).store, key, content)


def test_a_bucket_goes_in(madseg: Terminal, services: Running, bucket: str) -> None:
    """In the order of the keys, with source and tags; what is refused is named."""
    answer = madseg("ingest", "bucket", bucket, "--source", "archive", "--tag", "k=v")
    assert (answer.code, answer.out) == (3, "Pictures: 2 taken in; 1 refused.")
    assert "refused: empty.png: the object is empty" in answer.err
    assert [(item.name, item.source, item.tags["k"]) for item in services.intake.uploads] == [
        ("a.png", "archive", "v"),
        ("deep/b.png", "archive", "v"),
    ]


def test_a_bucket_goes_on_where_it_was(madseg: Terminal, bucket: str, tmp_path: Path) -> None:
    """A second run takes what sorts after the last key that was answered."""
    words = ("ingest", "bucket", bucket, "--resume", tmp_path / "mark.json")
    madseg(*words)
    fill(bucket, {"a0.png": png((7, 7, 7)), "deep/c.png": png((8, 8, 8))})
    answer = madseg(*words, "--json")
    assert [item["name"] for item in answer.lines if item["outcome"] == "accepted"] == ["deep/c.png"]
    assert f"Going on after deep/b.png ({tmp_path / 'mark.json'})." in answer.err


def test_a_bookmark_of_another_bucket_is_refused(madseg: Terminal, bucket: str, tmp_path: Path) -> None:
    """Before anything is read."""
    madseg("ingest", "bucket", bucket, "--resume", tmp_path / "mark.json")
    answer = madseg("ingest", "bucket", bucket.replace("?", "/deep?", 1), "--resume", tmp_path / "mark.json")
    assert (answer.code, "give another file" in answer.err) == (1, True)


def test_urls_that_can_not_be_fetched_are_refused(madseg: Terminal, tmp_path: Path) -> None:
    """Addresses of the own network are not fetched unless allowed."""
    (tmp_path / "list.txt").write_text("# a remark\nhttp://127.0.0.1:1/a.png\n")
    answer = madseg("ingest", "urls", tmp_path / "list.txt")
    assert (answer.code, answer.out) == (3, "Pictures: 0 taken in; 1 refused.")
    assert "private network" in answer.err


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    """Label maps of two images by one model, 16 x 16, one of them with a label that is none."""
    made = tmp_path / "maps"
    made.mkdir()
    good = np.zeros((16, 16), np.uint8)
    good[:8] = 1
    np.save(made / "one.npy", good)
    np.save(made / "two.npy", np.full((16, 16), 9, np.uint8))
    return made


def test_predictions_of_elsewhere_go_in(madseg: Terminal, services: Running, maps: Path) -> None:
    """A new model is registered; a map with a label that is none is refused and named."""
    answer = madseg("import-predictions", "--model", f"outside={maps}", "--grid", "16x16")
    assert (answer.code, answer.out) == (3, "Images with predictions: 1 taken in; 1 refused.")
    assert "Registered outside as competitor" in answer.err
    assert "label 9" in answer.err
    sent = services.intake.imported[0].maps[0]
    assert (sent.version.model, sent.version.version, decode(sent.label_map).areas()[1]) == ("outside", 1, 128)


def test_photographs_go_first(madseg: Terminal, services: Running, maps: Path, tmp_path: Path) -> None:
    """Their maps follow under the same name; a map without photograph is refused."""
    (tmp_path / "photographs").mkdir()
    (tmp_path / "photographs" / "one.png").write_bytes(png((9, 9, 9)))
    words = ("--images", tmp_path / "photographs", "--grid", "16x16", "--target", "outside", "--json")
    answer = madseg("import-predictions", "--model", f"outside={maps}", *words)
    assert [item.name for item in services.intake.uploads] == ["one"]
    assert [item.name for item in services.intake.imported] == ["one"]
    assert services.models.registered[0].role == 1
    assert [item.get("reason", "")[:15] for item in answer.lines] == ["", "its photograph:"]
    assert [item["outcome"] for item in answer.lines] == ["accepted", "refused"]


def test_a_model_that_is_served_here_takes_no_maps(madseg: Terminal, maps: Path) -> None:
    """Its predictions are made here."""
    answer = madseg("import-predictions", "--model", f"ours={maps}")
    assert (answer.code, "'ours' is served here" in answer.err) == (1, True)


def test_a_network_goes_to_the_server(madseg: Terminal, services: Running, tmp_path: Path) -> None:
    """With its card; the findings are told."""
    (tmp_path / "net.onnx").write_bytes(b"x" * 10)
    (tmp_path / "card.yaml").write_text("name: net\n")
    answer = madseg("model", "add", tmp_path / "net.onnx", "--card", tmp_path / "card.yaml")
    assert answer.out.splitlines() == [
        "net version 1 is in the running server.",
        "  - 99.98 % of the pixels agree with the unwrapped network",
    ]
    assert services.models.received == [("name: net\n", "net.onnx", b"x" * 10)]


def test_a_release_tells_its_version(madseg: Terminal, services: Running, tmp_path: Path) -> None:
    """Not that of another one, which followed."""
    (tmp_path / "net.onnx").write_bytes(b"x")
    (tmp_path / "card.yaml").write_text("name: ours\n")
    words = (tmp_path / "net.onnx", "--card", tmp_path / "card.yaml", "--key", "monday")
    found = madseg("model", "release", *words, "--json").json
    assert services.models.keys == ["monday"]
    assert found == {"model": "ours", "version": 3, "findings": [], "where": "the running server"}


def test_without_a_server_the_folder_is_written(tmp_path: Path, utc: None) -> None:
    """And the command says so before anything else happens."""
    (tmp_path / "net.onnx").write_bytes(b"not a network")
    (tmp_path / "card.yaml").write_text("name: net\nclasses: [background]\n")
    answer = Terminal()(
        "model", "add", tmp_path / "net.onnx", "--card", tmp_path / "card.yaml", "--repository", tmp_path / "models"
    )
    assert answer.code == 1
    assert f"No address of a server is known: writing to {tmp_path / 'models'} directly." in answer.err
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("command", ["add", "release"])
def test_a_server_that_is_named_and_does_not_answer_is_an_error(tmp_path: Path, utc: None, command: str) -> None:
    """The folder isn't written in its place; the error says how it would be."""
    (tmp_path / "net.onnx").write_bytes(b"not a network")
    (tmp_path / "card.yaml").write_text("name: net\nclasses: [background]\n")
    words = (tmp_path / "net.onnx", "--card", tmp_path / "card.yaml", "--repository", tmp_path / "models")
    answer = Terminal({"MADSEG_MODELS": "127.0.0.1:1"})("model", command, *words)
    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert "nothing answers at 127.0.0.1:1" in answer.err
    assert f"`--offline` writes to {tmp_path / 'models'} without a server" in answer.err


def test_a_folder_takes_a_network_that_is_one(tmp_path: Path, utc: None) -> None:
    """Wrapped and checked as the server would, and the place is named."""
    onnx.save(network(), tmp_path / "net.onnx")
    (tmp_path / "card.yaml").write_text("name: colours\nclasses: [dark, red, green, blue]\n")
    (tmp_path / "colours.json").write_text(json.dumps(project.taxonomy_document(COLOURS)))
    words = ("--card", tmp_path / "card.yaml", "--repository", tmp_path / "models", "--offline", "--grid", "24x32")
    answer = Terminal()("model", "add", tmp_path / "net.onnx", *words, "--taxonomy", tmp_path / "colours.json")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines()[0] == f"colours version 1 is in {tmp_path / 'models'}, without a server."
    assert (tmp_path / "models" / "colours" / "1" / "model.onnx").is_file()


def test_a_card_that_is_not_there_is_an_error(madseg: Terminal, tmp_path: Path) -> None:
    """Before the network is sent."""
    answer = madseg("model", "add", tmp_path / "net.onnx", "--card", tmp_path / "card.yaml")
    assert (answer.code, "card.yaml can't be read" in answer.err) == (1, True)
