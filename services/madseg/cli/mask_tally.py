"""What became of masks, told as it happens (JSON) or at the end (a table of those refused)."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from madseg.cli.failures import REFUSED
from madseg.cli.output import count, emit, remark, show, table

if TYPE_CHECKING:
    from madseg.client.values.masks import ImportedMask
    from madseg.exchange import Refused

SHOWN = 50
"""How many refusals the table has; JSON has them all."""


@dataclass
class MaskTally:
    """Counts masks; with `json` each is a line of output."""

    json: bool
    done: int = 0
    present: int = 0
    problems: int = 0
    first: list[tuple[str, str]] = field(default_factory=list)

    def imported(self, name: str, result: "ImportedMask") -> None:
        """The service's answer about a mask."""
        if not result.revision:
            self.refused(name, result.problem)
            return
        self.done += 1
        self._tell(name=name, outcome="accepted", image_id=result.image_id, revision=result.revision)

    def written(self, name: str) -> None:
        """A mask was written."""
        self.done += 1
        self._tell(name=name, outcome="written")

    def there(self, name: str) -> None:
        """A mask was there already."""
        self.present += 1
        self._tell(name=name, outcome="present")

    def refuse(self, item: "Refused") -> None:
        """A mask couldn't be read."""
        self.refused(item.name, item.reason)

    def refused(self, name: str, reason: str) -> None:
        """A mask was refused."""
        self.problems += 1
        if len(self.first) < SHOWN:
            self.first.append((name, reason))
        self._tell(name=name, outcome="refused", reason=reason)

    def finish(self, done: str) -> None:
        """The summary; ends the command with its own code where something was refused."""
        if not self.json:
            there = f", {count(self.present)} there already" if self.present else ""
            show(f"Masks: {count(self.done)} {done}{there}; {count(self.problems)} refused.")
            self._show_refused()
        if self.problems:
            raise typer.Exit(REFUSED)

    def _show_refused(self) -> None:
        if not self.first:
            return
        made = table("mask", "refused because")
        for name, reason in self.first:
            made.add_row(name, reason)
        show("", made)
        if self.problems > len(self.first):
            remark(f"  ... and {count(self.problems - len(self.first))} more; --json tells all")

    def _tell(self, **facts: object) -> None:
        if self.json:
            emit(facts)
