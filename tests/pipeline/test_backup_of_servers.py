"""What docs/how-to/back-up.md says of servers: the database is copied first, then the files, and both come back."""

import shutil
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from madseg.client import Accepted, Client, Upload
from tests.cli.terminal import Terminal
from tests.pipeline import expected
from tests.pipeline.driving import settled
from tests.pipeline.expected import Asked
from tests.pipeline.running import Up, until
from tests.pipeline.world import COMPETITORS, TARGET, picture
from tests.servers import postgres


@dataclass
class Copied:
    """What was accepted before the dump, at what seeds anything was; the dump and the folder of files after it."""

    known: set[str]
    dump: Path
    files: Path
    seeds: list[int] = field(default_factory=list)


@pytest.fixture
def dumped(up: Up, tmp_path: Path) -> Copied:
    """A backup that was made while pictures came in; the services have been killed since, and their pictures are lost.

    Their database is gone. Their stream is there.
    """
    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is missing: apt-get install postgresql-client")
    with postgres.database() as url:
        client = up.start(MADSEG_DATABASE=url, MADSEG_MIGRATE="true")
        made = Copied(set(), tmp_path / "monday.dump", tmp_path / "monday")
        accepted: dict[int, str] = {}
        ending = threading.Event()

        def send() -> None:
            with suppress(Exception):
                for seed in range(10_000):
                    if ending.is_set():
                        return
                    accepted[seed] = sent(client, [seed])[0]

        sender = threading.Thread(target=send)
        sender.start()
        until(lambda: len(accepted) > 20)
        made.known = set(accepted.copy().values())
        subprocess.run(["pg_dump", "--format=custom", f"--file={made.dump}", url], check=True, timeout=60)
        after = len(accepted)
        until(lambda: len(accepted) > after + 5)
        shutil.copytree(up.state / "blobs", made.files / "blobs", ignore=shutil.ignore_patterns("+writing"))
        ending.set()
        sender.join()
        up.kill()
    shutil.rmtree(up.state / "blobs")
    shutil.copytree(made.files / "blobs", up.state / "blobs")
    made.seeds = sorted(accepted)
    return made


def sent(client: Client, seeds: Sequence[int]) -> list[str]:
    """Ids of the pictures of these seeds, once they are in."""
    results = list(client.upload_many([Upload(picture(seed)) for seed in seeds]))
    return [result.image_id for result in results if isinstance(result, Accepted)]


def restore(dump: Path, url: str, *options: str) -> None:
    """Into an empty database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA madseg CASCADE")
    subprocess.run(["pg_restore", f"--dbname={url}", *options, str(dump)], check=True, timeout=60)


def check(client: Client, asked: Asked, ids: Sequence[str]) -> None:
    """The rankings are the reference's over these images."""
    images = [
        asked.image(image, client.picture(image).content, (TARGET, *COMPETITORS), client.image(image).random_lane)
        for image in sorted(ids)
    ]
    settled(client, images)
    assert expected.rankings(images, expected.rules(), COMPETITORS) == expected.served_rankings(client, COMPETITORS)


def test_a_database_from_before_catches_up_from_the_stream(up: Up, asked: Asked, dumped: Copied) -> None:
    """And what was accepted after the dump is sent again."""
    with postgres.database() as url:
        restore(dumped.dump, url)
        client = up.start(MADSEG_DATABASE=url)
        assert Terminal({"MADSEG_STATE": str(up.state)})("reconcile").code == 0
        there = set(client.images())
        assert dumped.known <= there
        assert len(there) < len(dumped.seeds)
        check(client, asked, sent(client, dumped.seeds))
        up.kill()


def test_a_lost_stream_takes_the_selectors_tables_along(
    settings: dict[str, str], asked: Asked, dumped: Copied, tmp_path: Path
) -> None:
    """They belong to it; without them everything is predicted again."""
    listed = subprocess.run(["pg_restore", "--list", str(dumped.dump)], check=True, capture_output=True, text=True)
    kept = [line for line in listed.stdout.splitlines() if " selector_" not in line]
    (tmp_path / "kept.list").write_text("\n".join(kept))
    shutil.copytree(dumped.files / "blobs", tmp_path / "anew" / "blobs")
    with postgres.database() as url, Up(tmp_path / "anew", settings) as again:
        restore(dumped.dump, url, f"--use-list={tmp_path / 'kept.list'}")
        client = again.start(MADSEG_DATABASE=url, MADSEG_MIGRATE="true")
        there = set(client.images())
        assert dumped.known <= there
        assert Terminal({"MADSEG_STATE": str(again.state)})("reconcile").code == 0
        check(client, asked, sorted(there))
        again.kill()
