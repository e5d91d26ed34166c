"""Tokens of a process of all services: that of its machine's commands, and those that the services show each other."""

import secrets
from pathlib import Path

from madseg.security.access import Access, Principal, Role, add_token, write_token

OPERATOR = "operator.token"
"""The file in the state with the token for the commands of this machine."""

OWN = {"gateway": Role.OPERATOR, "labelling": Role.OPERATOR, "finetune": Role.OPERATOR, "rounds": Role.ADMIN}
"""The services that ask others, and what they may. Rounds carries out what an admin said: that a version may serve
although the gate refused it."""


class Among(Access):
    """An access that also knows the services of this process, by tokens which nobody else has."""

    def __init__(self, people: Access) -> None:
        self._people, self._tokens = people, {name: secrets.token_urlsafe(32) for name in OWN}

    def token(self, service: str) -> str:
        """What a service shows to the others."""
        return self._tokens[service]

    def identify(self, token: str | None) -> Principal:
        for name, own in self._tokens.items():
            if token is not None and secrets.compare_digest(token.encode(), own.encode()):
                return Principal(name, frozenset({OWN[name]}))
        return self._people.identify(token)


def make_tokens(state: Path, tokens: Path) -> None:
    """At the first start: a file of tokens with one, which may do everything, for the commands of this machine."""
    if tokens.exists():
        return
    write_token(state / OPERATOR, add_token(tokens, "operator", [Role.ADMIN]))
