"""The pages of docs/how-to, each followed from top to bottom, with the people in it played."""

import functools
import json
import re
import shlex
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image

from madseg.core.taxonomy import VOC
from madseg.security.access import Role, add_token
from tests.pages.desk import Desk
from tests.pages.following import follow
from tests.pages.networks import write_pictures
from tests.pipeline.running import until
from tests.servers import s3

HOW_TO = "docs/how-to"


def somebody(desk: Desk, name: str, role: Role) -> str:
    """A token for a person; what they had before ends."""
    return add_token(desk.up.state / "tokens.json", name, [role])


def score(desk: Desk, *names: str) -> None:
    """Raters work through what there is to grade."""
    raters = [desk.client.with_token(somebody(desk, name, Role.RATER)) for name in names]
    for number, rater in enumerate(raters):
        while held := rater.take_assignments().assignments:
            rater.grade(held[0].id, 1 + (int(held[0].image_id, 16) + number) % 5)


def draw(desk: Desk, folder: Path) -> None:
    """The masks of all tasks, as another tool writes them: VOC, named by the images' ids."""
    masks = folder / "SegmentationClass"
    masks.mkdir(parents=True)
    for task in desk.client.mask_tasks():
        made = Image.new("P", (task.size.width, task.size.height), VOC.names.index("bus"))
        made.putpalette(VOC.palette())
        made.save(masks / f"{task.image_id}.png")


def review(desk: Desk, name: str) -> None:
    """A reviewer accepts what was handed in."""
    reviewer = desk.client.with_token(somebody(desk, name, Role.REVIEWER))
    while (task := reviewer.take_review()) is not None:
        reviewer.decide_review(task.id, task.revision, "accept")


def chosen(desk: Desk) -> None:
    """A campaign that has chosen S and T."""
    desk.shell("madseg candidates cut")
    desk.shell("madseg campaign create --raters 1 --counterexamples 4 --test-reserved 3 --test-reported 2")
    score(desk, "ada")
    desk.client.choose_sets()


def wait_for_a_word(desk: Desk) -> None:
    """The round's images are graded, and it waits; its reader copies its id from the list."""
    until(lambda: list(desk.client.campaigns()), 60)
    score(desk, "ada", "ben", "cy")
    until(lambda: desk.client.round().awaits_approval, 60)
    desk.shell(f"ROUND={desk.client.round().id}")


def test_bring_a_model(empty: Desk) -> None:
    """Both are added, and change places."""
    empty.start()
    printed = follow(empty, f"{HOW_TO}/bring-a-model.md")
    assert "ours version 1 is in" in printed
    assert re.search(r"ours/1 +theirs/1|ours/1 : theirs/1", printed)
    assert {item.name: str(item.role) for item in empty.client.models()} == {"ours": "retired", "theirs": "target"}


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A web server on a folder."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_stream_images(furnished: Desk, tmp_path: Path) -> None:
    """Every way, each with pictures of its own; from an object store where one can be built."""
    desk, client = furnished, furnished.client
    write_pictures(tmp_path / "others", range(100, 107))
    others = sorted((tmp_path / "others").iterdir())
    (desk.where / "incoming").mkdir()
    shutil.copy(others[0], desk.where / "kerb.jpg")
    store = s3.running()
    archive = store.folder / "data" / "archive" / "2026"
    archive.mkdir(parents=True, exist_ok=True)
    shutil.copy(others[1], archive)

    def appears() -> None:
        before = client.intake_status().accepted
        (desk.where / "incoming" / "part").write_bytes(others[2].read_bytes())
        (desk.where / "incoming" / "part").rename(desk.where / "incoming" / "new.png")
        until(lambda: client.intake_status().accepted > before, 60)

    with served(tmp_path / "others") as address:
        (desk.where / "urls.txt").write_text(f"# ours\n{address}/{others[3].name}\n{address}/{others[4].name}\n")
        token = (desk.up.state / "operator.token").read_text().strip()
        before = {
            "ingest bucket": lambda: desk.shell(f"ARCHIVE={shlex.quote(store.bucket_url('archive/2026'))}"),
            "curl ": lambda: desk.shell(f"MADSEG_TOKEN={token}"),
        }
        printed = follow(desk, f"{HOW_TO}/stream-images.md", before, {"--watch": appears})
    assert client.intake_status().accepted == 24 + 5
    assert "24 taken in, 24 of them known before" in printed
    assert {client.image(item).source for item in client.images()} == {
        "first",
        "door-7",
        "intranet",
        "bucket",
        "crawl-7",
    }


def test_own_predictions(furnished: Desk) -> None:
    """Maps of the pictures' own sizes, named as these are."""
    maps = furnished.where / "maps" / "mobile"
    maps.mkdir(parents=True)
    for path in (furnished.where / "pictures").iterdir():
        with Image.open(path) as picture:
            Image.new("L", picture.size, 6).save(maps / f"{path.stem}.png")
    printed = follow(furnished, f"{HOW_TO}/own-predictions.md")
    assert "mobile/1" in printed
    furnished.settle()
    (contest,) = [item for item in furnished.client.contests() if item.competitor.model == "mobile"]
    assert (contest.state, contest.compared) == ("complete", 24)


def test_read_rankings(furnished: Desk) -> None:
    """In tables, and as a stream of JSON."""

    def changes() -> None:
        write_pictures(furnished.where / "more", range(200, 204))
        furnished.shell("madseg ingest folder more/")
        furnished.settle()

    printed = follow(furnished, f"{HOW_TO}/read-rankings.md", meanwhile={"--watch": changes})
    assert "bus: ours/1 against theirs/1, where the target sees it" in printed
    assert '"class_name": "bus"' in printed
    assert (furnished.where / "report.html").exists()


def test_ask_why(furnished: Desk) -> None:
    """The image, its versions and its places."""
    printed = follow(furnished, f"{HOW_TO}/ask-why.md")
    assert "from first" in printed
    assert "ours/1" in printed


def test_forget(furnished: Desk) -> None:
    """Out, in again, and gone."""
    printed = follow(furnished, f"{HOW_TO}/forget.md")
    assert "Newly kept out for 'logo of a client': 1 of 1." in printed
    assert "Taken back for 'logo of a client': 1 of 1." in printed
    assert "is forgotten." in printed
    assert (furnished.client.intake_status().accepted, furnished.client.intake_status().forgotten) == (23, 1)


def test_scoring_campaign(furnished: Desk) -> None:
    """The two people of the page grade everything before the sets are chosen."""
    people = {"campaign opinions": lambda: score(furnished, "ada", "ben")}
    printed = follow(furnished, f"{HOW_TO}/scoring-campaign.md", before=people)
    assert "Krippendorff's alpha" in printed
    assert ": 6 counterexamples, 4 test images;\n3 of them reported" in printed
    assert [item["name"] for item in _people(furnished)][:2] == ["ada", "ben"]


def _people(desk: Desk) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(desk.shell("madseg access list --json"))
    return found


def test_masks(furnished: Desk) -> None:
    """Tasks, masks of another tool, a review, and out again in three formats."""
    chosen(furnished)
    drawn = {
        "labels import": lambda: draw(furnished, furnished.where / "drawn"),
        "labels export voc": lambda: review(furnished, "gus"),
    }
    printed = follow(furnished, f"{HOW_TO}/masks.md", before=drawn)
    assert "Masks: 7 taken in; 0 refused." in printed
    assert "Masks: 7 written; 0 refused." in printed
    assert len(list((furnished.where / "accepted" / "SegmentationClass").iterdir())) == 7
    assert (furnished.where / "counterexamples.json").exists()
    assert (furnished.where / "accepted.zip").exists()


def test_release(furnished: Desk) -> None:
    """A second version over all images, what it changed, and the way back and forth."""

    def through() -> None:
        contests = furnished.client.contests
        until(lambda: any(item.target.version == 2 and item.state == "complete" for item in contests()), 60)

    printed = follow(furnished, f"{HOW_TO}/release.md", meanwhile={"--watch": through})
    assert "ours version 2 is in" in printed
    assert "ours serves version 1 now" in printed
    assert "ours serves versions 1 and 2 now" in printed


def test_rounds(furnished: Desk) -> None:
    """A round that waits for raters and for a word, and is ended while masks are drawn; and when rounds begin."""
    for name in ("t0", "s0"):
        for part in ("pictures", "masks"):
            (furnished.where / name / part).mkdir(parents=True)
    waits = {"round approve": lambda: wait_for_a_word(furnished)}
    printed = follow(furnished, f"{HOW_TO}/rounds.md", before=waits)
    assert "Round 1 of ours" in printed
    assert "ours: a round begins once M would have 500 images or 30 days after the last one, 3 in a row" in printed
    assert "ours: no round begins by itself." in printed
    assert str(furnished.client.round().outcome) == "cancelled"


def test_upgrade(furnished: Desk) -> None:
    """What of it needs no servers: the backup before the new release."""
    follow(furnished, f"{HOW_TO}/upgrade.md")
    assert (furnished.where / "../backups/before-upgrade/stream.db").exists()


def test_back_up(furnished: Desk) -> None:
    """The copy answers as the original did."""
    printed = follow(furnished, f"{HOW_TO}/back-up.md")
    assert "24 images accepted" in printed
    assert "Accepted, but never arrived at the selector: 0 images." in printed
    assert furnished.up.state == (furnished.folder.parent / "backups" / "monday").resolve()
