"""What commands print: tables for people, JSON for machines."""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text


def screen() -> Console:
    """Standard output; in colour only where it is a terminal."""
    return Console(highlight=False, markup=False, emoji=False)


def margin() -> Console:
    """Standard error, for what is not the answer: progress, remarks."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


ID_WIDTH = 32
"""Characters of an image's id: never shortened, since other commands want all of it."""


def table(*columns: str) -> Table:
    """An empty table; a column written `images>` is aligned right, as numbers are."""
    made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True, header_style="bold")
    for column in columns:
        number, image = column.endswith(">"), column == "image"
        made.add_column(
            column.rstrip(">"),
            justify="right" if number else "left",
            no_wrap=number or column in ("image", "variable"),
            min_width=ID_WIDTH if image else None,
        )
    return made


def show(*parts: object) -> None:
    """Prints tables and lines."""
    console = screen()
    for part in parts:
        # Lines stay whole, so that a path or a sentence can be searched for; tables fit themselves.
        console.print(part, soft_wrap=isinstance(part, str | Text))


def headed(head: object, rest: str = "") -> Text:
    """A line whose head is bold on a terminal."""
    return Text.assemble((str(head), "bold"), rest)


def remark(text: str) -> None:
    """One line on standard error."""
    margin().print(text, soft_wrap=True)


def count(number: int | None) -> str:
    """A count with thousands separators; a dash for none."""
    return "–" if number is None else f"{number:,}"


def several(number: int, what: str) -> str:
    """`1 image`, `2 images`."""
    return f"{count(number)} {what}{'' if number == 1 else 's'}"


def share(number: float | None) -> str:
    """A discrepancy or share in [0, 1] with three decimals; a dash for none."""
    return "–" if number is None else f"{number:.3f}"


def duration(seconds: float | None) -> str:
    """A time span by its two largest units; a dash for none."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next((at for at, (number, _) in enumerate(parts) if number), len(parts) - 1)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2])


def moment(when: datetime | None) -> str:
    """A moment in local time, to the minute; a dash for none."""
    return "–" if when is None else when.astimezone().strftime("%Y-%m-%d %H:%M")


def plain(value: object) -> Any:
    """What JSON can say of a value: dataclasses as objects, versions as "name/3", moments in ISO 8601; null for numbers
    that it has none of."""
    from madseg.client import Version  # gRPC takes a third of a second to load

    if isinstance(value, Version | date):
        return str(value) if isinstance(value, Version) else value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def emit(value: object) -> None:
    """One JSON document in one line."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()
