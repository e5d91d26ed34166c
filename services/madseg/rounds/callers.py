"""Who calls a method, by the metadata `authorization: Bearer <token>`."""

from typing import Any

from madseg.security.access import Access, Principal, bearer


def caller(access: Access, context: Any) -> Principal:
    """Whoever makes the call of a gRPC context.

    Raises:
        Unauthenticated: no token, another scheme, or a token that nobody has.
    """
    header = next((value for key, value in context.invocation_metadata() or () if key == "authorization"), None)
    return access.identify(bearer(header))
