"""How far training is, and how it went, from the `progress.jsonl` that it writes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TAIL_BYTES = 64 << 10
"""Of the file that tell how far it is: some 200 lines."""

_NOW = ("rate", "rates", "epoch", "epochs", "step", "steps", "learning_rate", "loss")


@dataclass(frozen=True)
class Progress:
    """Counts are from 1; `selected` and `class_iou` (-1 where a class isn't there) are of the last epoch that ended."""

    rate: int
    rates: int
    epoch: int
    epochs: int
    step: int
    steps: int
    learning_rate: float
    loss: float
    selected: float | None
    class_iou: tuple[float, ...]
    seconds_left: float | None


def progress(folder: Path) -> Progress | None:
    """How far a run's training is; None before its first report."""
    lines = _lines(folder / "progress.jsonl")
    if not lines:
        return None
    last = lines[-1]
    measured: dict[str, Any] = next((line for line in reversed(lines) if line.get("selected") is not None), {})
    return Progress(
        **{name: last[name] for name in _NOW},
        selected=measured.get("selected"),
        class_iou=tuple(-1.0 if item is None else float(item) for item in measured.get("class_iou", ())),
        seconds_left=_seconds_left(lines),
    )


def epochs(folder: Path) -> tuple[Progress, ...]:
    """Each epoch that has ended, in order, without `class_iou` and `seconds_left`. It reads the whole file.

    A process that came back repeats what it had lost: the last word on an epoch counts.
    """
    try:
        texts = (folder / "progress.jsonl").read_bytes().split(b"\n")
    except FileNotFoundError:
        return ()
    ended = _whole([text for text in texts[:-1] if b'"selected": null' not in text])
    found = {(line["rate"], line["epoch"]): line for line in ended if line.get("selected") is not None}
    return tuple(
        Progress(**{name: line[name] for name in _NOW}, selected=line["selected"], class_iou=(), seconds_left=None)
        for _, line in sorted(found.items())
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    """The last ones that are whole."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            texts = file.read().split(b"\n")
    except FileNotFoundError:
        return []
    return _whole(texts[:-1])  # after the last line's end stands nothing, or half a line


def _whole(texts: Sequence[bytes]) -> list[dict[str, Any]]:
    """Those that can be read: the first may be cut, and one at which a process was killed."""
    found = []
    for text in texts:
        try:
            found.append(json.loads(text))
        except ValueError:
            continue
    return found


def _seconds_left(lines: Sequence[dict[str, Any]]) -> float | None:
    """From the rate over the last lines in which it got on; None with fewer than two of them."""
    last, first = lines[-1], lines[-1]
    for line in reversed(lines):
        if _done(line) > _done(first):
            break  # a process that came back had lost what was done since the epoch's beginning
        first = line
    steps, seconds = _done(last) - _done(first), last["at"] - first["at"]
    if steps <= 0 or seconds <= 0:
        return None
    total = last["rates"] * last["epochs"] * last["steps"]
    return float((total - _done(last)) * seconds / steps)


def _done(line: dict[str, Any]) -> int:
    """Steps so far."""
    return int(((line["rate"] - 1) * line["epochs"] + line["epoch"] - 1) * line["steps"] + line["step"])
