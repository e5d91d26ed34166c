"""Who calls a route of the pages: told by a cookie or a bearer token, and what the route takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar
from urllib.parse import quote, unquote, urlsplit

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from madseg.client import Client
from madseg.core.errors import Forbidden, Unauthenticated
from madseg.gateway.web.asking import Asking
from madseg.security.access import Access, Principal, Role, bearer, is_this_machine
from madseg.security.rates import Rates

T = TypeVar("T")

COOKIE, SECURE_COOKIE = "madseg", "__Host-madseg"
"""The cookie that holds the token itself; by the second name browsers take it over HTTPS alone, and from this very
host: a neighbouring name can't put one of its own in its place."""

CHANGE_HEADER = "x-madseg"
"""Forms of other sites can't send it: what changes something has it with the value 1."""

INSIDERS = (Role.ANNOTATOR, Role.REVIEWER, Role.OPERATOR)
"""Those who see masks and what was chosen."""

READERS = (Role.READER, *INSIDERS)
"""Those who see rankings: a rater must not see how much the models disagree."""

_HARMLESS = {"GET", "HEAD", "OPTIONS"}

_OURS = {"same-origin", "none"}
"""What browsers say of a request of these pages, or of the person at the keyboard."""


@dataclass(frozen=True)
class Caller:
    """Who calls, with the token that the services are asked with."""

    who: Principal
    token: str | None
    asking: Asking

    async def ask(self, question: Callable[[Client], T]) -> T:
        """The answer of the services, asked in a thread with the caller's own token."""
        return await self.asking.ask(self.token, question)

    async def ask_as_gateway(self, question: Callable[[Client], T]) -> T:
        """The answer of the services, asked with the gateway's own token: for callers who are shown a part of it."""
        client = self.asking.client()
        return await self.asking.wait(lambda: question(client))


class Door:
    """Tells callers by the access of the deployment. `insecure` says that this is everybody's; `rates` says how often
    they may call, without it any number of times."""

    def __init__(self, access: Access, *, insecure: bool, rates: Rates | None = None) -> None:
        self.insecure, self._access, self._rates = insecure, access, rates or Rates(0, 1)

    def identify(self, token: str | None) -> Principal:
        """Raises Unauthenticated, and Unavailable where the tokens can't be read now."""
        return self._access.identify(token)

    def enter(self, request: HTTPConnection, asking: Asking) -> Caller:
        """Whoever calls.

        Raises:
            Unauthenticated: nobody knows them.
            Forbidden: another site sent this, as far as can be told.
            TooMany: they call too often.
        """
        self.check_host(request)
        who = self._counted(request)
        caller = Caller(who, shown_token(request), asking)
        if request.scope["method"] not in _HARMLESS:
            check_change(request)
        return caller

    def admit(self, request: HTTPConnection, *roles: Role) -> Principal:
        """Whoever calls a route beside the API: a program, or one of the pages for a picture.

        Raises:
            Unauthenticated: nobody knows them.
            Forbidden: they have none of the roles, or another site sent this, as far as can be told.
            TooMany: they call too often.
        """
        self.check_host(request)
        who = self._counted(request)
        who.must(*roles)
        by_browser = cookie_of(request) in request.cookies or "origin" in request.headers
        if request.scope["method"] not in _HARMLESS and by_browser and not request.headers.get("authorization"):
            check_change(request)
        return who

    def _counted(self, request: HTTPConnection) -> Principal:
        """Whoever calls, left in `request.state.principal` too. Their calls are counted by name; those of somebody whom
        nobody knows, by address."""
        address = request.client.host if request.client else ""
        try:
            token = shown_token(request)
            who = self.identify(token)
        except Unauthenticated:
            self._rates.take(address)
            raise
        request.state.principal = who
        self._rates.take(who.name if token else address)
        return who

    def check_host(self, request: HTTPConnection) -> None:
        """Without tokens a page of another site could have its own name point here: then its name gives it away.

        Raises:
            Forbidden: it does.
        """
        if self.insecure and not is_this_machine(_host_of(request.headers.get("host", ""))):
            raise Forbidden("without tokens madseg answers on this machine alone, as localhost or 127.0.0.1")


def shown_token(request: HTTPConnection) -> str | None:
    """The token of the header, else that of the cookie."""
    header = request.headers.get("authorization")
    if header:
        return bearer(header)
    cookie = request.cookies.get(cookie_of(request))
    return unquote(cookie) if cookie else None


def check_change(request: HTTPConnection) -> None:
    """Raises Forbidden where a change doesn't come from these pages or a program."""
    if request.headers.get(CHANGE_HEADER) != "1":
        raise Forbidden("what changes something needs the header `X-Madseg: 1`")
    origin, carried = request.headers.get("origin"), not request.headers.get("authorization")
    if origin is None and carried and cookie_of(request) in request.cookies:
        raise Forbidden("what changes something by a cookie needs the header `Origin`, which browsers send")
    if request.headers.get("sec-fetch-site", "none") not in _OURS or not _is_ours(origin, request):
        raise Forbidden("this comes from a page of another site")


def _is_ours(origin: str | None, request: HTTPConnection) -> bool:
    """Whether a page of this host asks. Behind something that encrypts, what comes may seem to be plain HTTP."""
    if origin is None:
        return True
    scheme, _, host = origin.partition("://")
    downgraded = request.url.scheme == "https" and scheme != "https"
    return host == request.headers.get("host") and not downgraded


def cookie_of(request: HTTPConnection) -> str:
    """The name of the cookie of a session, by how the request came."""
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE


def cookie_value(token: str) -> str:
    """A token as a cookie can hold it."""
    return quote(token, safe="")


def takes(*roles: Role) -> Callable[[Request], Caller]:
    """A dependency: the caller, who has one of these roles; without roles, anybody who is known."""

    async def check(request: Request) -> Caller:
        caller: Caller = request.state.caller
        caller.who.must(*roles)
        return caller

    return check  # type: ignore[return-value]


def _host_of(netloc: str) -> str:
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


Anybody = Annotated[Caller, Depends(takes())]
Rater = Annotated[Caller, Depends(takes(Role.RATER))]
Annotator = Annotated[Caller, Depends(takes(Role.ANNOTATOR))]
Reviewer = Annotated[Caller, Depends(takes(Role.REVIEWER))]
Operator = Annotated[Caller, Depends(takes(Role.OPERATOR))]
Overseer = Annotated[Caller, Depends(takes(Role.REVIEWER, Role.OPERATOR))]
Drawer = Annotated[Caller, Depends(takes(Role.ANNOTATOR, Role.REVIEWER))]
Insider = Annotated[Caller, Depends(takes(*INSIDERS))]
Reader = Annotated[Caller, Depends(takes(*READERS))]
