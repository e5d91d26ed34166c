"""Who calls a method, by the metadata `authorization: Bearer <token>`."""

from collections.abc import Iterable
from typing import Any

from madseg.security.access import Access, Principal, Role, bearer


def caller(access: Access, context: Any, *roles: Role) -> Principal:
    """Whoever makes the call of a gRPC context, if one of the roles is theirs; without roles, whoever they are.

    Raises:
        Unauthenticated: no token, another scheme, or a token that nobody has.
        Forbidden: they have none of the roles.
        Unavailable: the tokens can't be read now.
    """
    who = identify(access, context.invocation_metadata() or ())
    who.must(*roles)
    return who


def identify(access: Access, metadata: Iterable[tuple[str, str | bytes]]) -> Principal:
    """Whose token the metadata of a call shows.

    Raises:
        Unauthenticated: no token, another scheme, or a token that nobody has.
        Forbidden: somebody has it who has no role at all.
        Unavailable: the tokens can't be read now.
    """
    header = next((value for key, value in metadata if key == "authorization"), None)
    return access.identify(bearer(header if isinstance(header, str) else None))
