"""Sending pictures from a source to intake, and telling what became of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from madseg.cli.failures import REFUSED
from madseg.cli.output import count, emit, remark, show

if TYPE_CHECKING:
    from madseg.client import Accepted, Client, Refused, Upload
    from madseg.gateway import upload as sources

NAMED = 5
"""How many refusals the summary names."""


@dataclass
class Tally:
    """What became of the items so far."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, result: "Accepted | Refused | sources.Refused") -> None:
        """Counts one result."""
        reason = getattr(result, "reason", None)
        if reason is not None:
            self.refused += 1
            if len(self.first) < NAMED:
                self.first.append(f"{result.name or 'an item'}: {reason}")
            return
        self.accepted += 1
        self.duplicates += bool(getattr(result, "duplicate", False))


def send(
    client: "Client",
    items: "Iterable[sources.ImageUpload | sources.Refused]",
    wrap: "Callable[[Iterator[Accepted | Refused]], Iterator[Accepted | Refused]]",
    *,
    json: bool,
) -> Tally:
    """Uploads what a source yields; in JSON, one line for each item as it is answered."""
    tally = Tally()

    def told(result: "Accepted | Refused | sources.Refused") -> None:
        tell(result, tally, json=json)

    for result in wrap(client.upload_many(_uploads(items, told))):
        told(result)
    return tally


def tell(result: "Accepted | Refused | sources.Refused", tally: Tally, *, json: bool) -> None:
    """Counts a result; in JSON, writes its line too."""
    tally.add(result)
    if json:
        emit({"outcome": "refused" if hasattr(result, "reason") else "accepted", **_facts(result)})


def finish(tally: Tally, what: str, *, json: bool) -> None:
    """The summary; ends the command with its own code where something was refused."""
    if not json:
        again = f", {count(tally.duplicates)} of them known before" if tally.duplicates else ""
        show(f"{what}: {count(tally.accepted)} taken in{again}; {count(tally.refused)} refused.")
    for line in tally.first:
        remark(f"  refused: {line}")
    if tally.refused > len(tally.first):
        remark(f"  ... and {count(tally.refused - len(tally.first))} more")
    if tally.refused:
        raise typer.Exit(REFUSED)


def _uploads(
    items: "Iterable[sources.ImageUpload | sources.Refused]", told: "Callable[[sources.Refused], None]"
) -> "Iterator[Upload]":
    """The client's form of what a source yields; its own refusals are told at once and not sent."""
    from madseg.client import Upload
    from madseg.gateway.upload import Refused

    for item in items:
        if isinstance(item, Refused):
            told(item)
        else:
            yield Upload(item.content, item.name, item.source, item.captured_at, item.tags)


def _facts(result: "Accepted | Refused | sources.Refused") -> dict[str, object]:
    names = ("name", "image_id", "duplicate", "random_lane", "reason")
    return {name: getattr(result, name) for name in names if hasattr(result, name)}
