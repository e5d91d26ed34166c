"""Tokens of a process of all services: that of its machine's commands, and those that the services show each other."""

import secrets
from pathlib import Path

from madseg.security.access import Access, Principal, Role, add_token, principals, write_token

OPERATOR = "operator.token"
"""The file in the state with the token for the commands of this machine."""

NAME = "operator"
"""Whose token that is."""

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
    """A token that may do everything, for the commands of this machine, where they have none and nobody may do that:
    at the first start, also where `madseg access add` has made the file before."""
    if tokens.exists() and ((state / OPERATOR).exists() or any(map(_in_charge, principals(tokens)))):
        return
    write_token(state / OPERATOR, add_token(tokens, NAME, [Role.ADMIN]))


def _in_charge(somebody: Principal) -> bool:
    return somebody.name == NAME or somebody.may(Role.ADMIN)
