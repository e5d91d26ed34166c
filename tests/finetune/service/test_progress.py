"""How far training is, read from what it writes."""

import json
from pathlib import Path
from typing import Any

from madseg.finetune.progress import epochs, progress


def line(at: float, epoch: int, step: int, **more: Any) -> str:
    """A line as training writes it: 2 rates, 4 epochs of 10 steps."""
    where = {"rate": 1, "rates": 2, "epoch": epoch, "epochs": 4, "step": step, "steps": 10}
    values = {"at": at, **where, "learning_rate": 1e-4, "loss": 0.5, "selected": None, "class_iou": [], **more}
    return json.dumps(values) + "\n"


def test_nothing_is_known_before_the_first_line(tmp_path: Path) -> None:
    """Nor from half of it."""
    assert progress(tmp_path) is None
    (tmp_path / "progress.jsonl").write_text(line(0, 1, 1)[:30])
    assert progress(tmp_path) is None


def test_the_last_line_says_where_it_is(tmp_path: Path) -> None:
    """And the last epoch what it has reached; the rate so far how long it takes."""
    lines = [line(0, 1, 5), line(1, 1, 10, selected=0.25, class_iou=[0.5, None]), line(2, 2, 5)]
    (tmp_path / "progress.jsonl").write_text("".join(lines) + line(3, 2, 10)[:10])
    found = progress(tmp_path)
    assert found is not None
    assert (found.rate, found.epoch, found.step, found.loss) == (1, 2, 5, 0.5)
    assert (found.selected, found.class_iou) == (0.25, (0.5, -1.0))
    assert found.seconds_left == (80 - 15) / 5


def test_what_was_lost_by_a_kill_does_not_count(tmp_path: Path) -> None:
    """The rate is that of the process that goes on."""
    lines = [line(0, 2, 5), line(1, 2, 9), line(50, 2, 1), line(51, 2, 3)]
    (tmp_path / "progress.jsonl").write_text("".join(lines))
    found = progress(tmp_path)
    assert found is not None
    assert found.seconds_left == (80 - 13) / 2


def test_only_the_end_of_a_long_file_is_read(tmp_path: Path) -> None:
    """Its first line may be cut."""
    with (tmp_path / "progress.jsonl").open("w") as file:
        for number in range(2000):
            file.write(line(number, 1 + number // 600, 1 + number % 10))
    found = progress(tmp_path)
    assert found is not None
    assert (found.epoch, found.step) == (4, 10)
    assert found.selected is None


def test_each_epoch_that_ended(tmp_path: Path) -> None:
    """In order and once each, though a process that came back repeats one and a line may be cut."""
    assert epochs(tmp_path) == ()
    lines = [line(0, 1, 5), line(1, 1, 10, selected=0.25), line(2, 2, 10, selected=0.5, class_iou=[0.5])]
    again = [line(3, 2, 5), line(4, 2, 10, selected=0.625, loss=0.25), line(5, 1, 10, rate=2, selected=0.75)]
    (tmp_path / "progress.jsonl").write_text("".join(lines + again) + line(6, 2, 10, selected=1.0)[:40])
    found = epochs(tmp_path)
    assert [(item.rate, item.epoch, item.selected) for item in found] == [(1, 1, 0.25), (1, 2, 0.625), (2, 1, 0.75)]
    assert (found[1].loss, found[1].class_iou, found[1].seconds_left) == (0.25, (), None)
