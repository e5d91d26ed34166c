"""How far a run has come."""

from pathlib import Path

import pytest

from madseg.cli.resume import Bookmark
from madseg.core.errors import InvalidInput, NotFound
from madseg.gateway.upload import ImageUpload, Refused

ITEMS: list[tuple[str, ImageUpload | Refused]] = [
    ("a", ImageUpload(b"", "a")),
    ("b", Refused("b", "broken")),
    ("c", ImageUpload(b"", "c")),
]


@pytest.mark.parametrize(("answers", "after"), [(0, ""), (1, "a"), (2, "c")])
def test_a_run_that_breaks_goes_on_after_what_was_answered(tmp_path: Path, answers: int, after: str) -> None:
    """Not after what was only sent; a refusal of the source waits for no answer."""
    path = tmp_path / "mark"

    def run() -> None:
        with Bookmark(path, "here") as mark:
            assert [item.name for item in mark.sent(ITEMS)] == ["a", "b", "c"]
            list(mark.answered(["yes"] * answers))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert Bookmark(path, "here").after == after


def test_a_kill_repeats_a_second_at_most(tmp_path: Path) -> None:
    """The file is written while the run goes on."""
    path, now = tmp_path / "mark", [0.0]
    mark = Bookmark(path, "here", lambda: now[0])
    list(mark.sent((str(number), ImageUpload(b"")) for number in range(10)))
    seen = []
    for number, _ in enumerate(mark.answered(range(10))):
        seen.append(Bookmark(path, "here").after)
        now[0] = 0.4 * number
    assert seen == ["", "0", "0", "0", "3", "3", "3", "6", "6", "6"]


def test_without_a_file_nothing_is_kept(tmp_path: Path) -> None:
    """And nothing is said."""
    with Bookmark(None, "here") as mark:
        list(mark.sent(ITEMS))
        list(mark.answered([1, 2]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"source": "here"}', "3"])
def test_a_file_that_is_no_bookmark_is_refused(tmp_path: Path, content: str) -> None:
    """It may be somebody's."""
    (tmp_path / "mark").write_text(content)
    with pytest.raises(InvalidInput, match="doesn't say how far"):
        Bookmark(tmp_path / "mark", "here")


def test_a_file_that_can_not_be_is_refused_at_once(tmp_path: Path) -> None:
    """Not after an hour."""
    with pytest.raises(NotFound, match="there is no folder"):
        Bookmark(tmp_path / "none" / "mark", "here")
    with pytest.raises(NotFound, match="can't be read"):
        Bookmark(tmp_path, "here")
