"""Runs commands as a pipe of 80 columns would."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from typer.testing import CliRunner

from madseg.cli import app


@dataclass(frozen=True)
class Answer:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The documents on standard output, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Terminal:
    """Runs commands with these variables set."""

    environment: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: object, input: str | None = None) -> Answer:  # noqa: A002
        """Raises what the command raised unforeseen."""
        environment = {"COLUMNS": "80", "MADSEG_STATE": "nowhere", **self.environment}
        found = CliRunner().invoke(app, [str(item) for item in arguments], env=environment, input=input)
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        out = "\n".join(line.rstrip() for line in found.stdout.splitlines())
        return Answer(found.exit_code, out, found.stderr)
