"""What every method of figures begins with: who calls, which target, which test set, and that it is up to date."""

from typing import Any

import structlog

from madseg.core.errors import MadsegError
from madseg.ports import Database
from madseg.requests import plain_text
from madseg.rounds import rounds
from madseg.rounds.evaluating import Evaluator
from madseg.rounds.neighbours import Neighbours
from madseg.security.access import Access, Principal, Role
from madseg.security.callers import caller

log = structlog.get_logger("madseg.rounds")

MAX_MODEL = 63
"""Characters of a model's name."""


class Asking:
    """Shared by the services of this process."""

    def __init__(self, database: Database, neighbours: Neighbours, access: Access, evaluator: Evaluator) -> None:
        self._database, self._neighbours, self._access, self._evaluator = database, neighbours, access, evaluator

    def who(self, context: Any, *roles: Role) -> Principal:
        """Whoever calls, if one of the roles is theirs.

        Raises:
            Unauthenticated: nobody knows who it is.
            Forbidden: they have none of the roles.
        """
        return caller(self._access, context, *roles)

    def model(self, text: str) -> str:
        """The model of a request; the only target, or the one that rounds are about, where it names none."""
        if model_name(text):
            return text
        try:
            return self._neighbours.target("").model
        except MadsegError:
            with self._database.snapshot() as tx:
                newest = rounds.page(tx, "", None, 1)
            if not newest:
                raise
            return newest[0].target.model

    def refresh(self, model: str) -> None:
        """Counts what is new. What is known is told also where a neighbour is away."""
        try:
            self._evaluator.refresh(model)
        except MadsegError as error:
            log.warning("standings_as_they_were", model=model, reason=str(error))


def model_name(text: str) -> str:
    """The name of a model, or ""."""
    return plain_text(text, "model", MAX_MODEL)
