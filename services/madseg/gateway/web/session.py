"""/api/session, /api/me and /api/taxonomy: who is signed in, and the classes that everything is about."""

from fastapi import APIRouter, Request, Response

from madseg.core.errors import InvalidInput, Unauthenticated
from madseg.core.preprocess import Size
from madseg.core.taxonomy import VOID, Taxonomy
from madseg.gateway.web.attempts import Attempts
from madseg.gateway.web.bodies import Body, read_body
from madseg.gateway.web.callers import Anybody, Door, cookie_of, cookie_value
from madseg.gateway.web.encoding import said
from madseg.security.crowd import Room

MAX_COOKIE = 4000
"""Characters of a token as a cookie holds it: browsers drop larger cookies without a word."""


MAX_SIGN_IN_BYTES = 64 << 10
"""Of what signs in: signed tokens have some thousand bytes."""

MAX_SIGN_INS = 16
"""Sign-ins at once. Whoever has no token gets no farther, so that bodies that don't come leave room for all else."""


class SignIn(Body):
    """What signs in."""

    token: str


def session_routes(door: Door, attempts: Attempts, taxonomy: Taxonomy, grid: Size) -> APIRouter:
    """The routes of signing in."""
    router = APIRouter()
    room = Room("calls", "as many people sign in as the server takes at once", MAX_SIGN_INS)

    @router.post("/session")
    async def begin_session(request: Request) -> Response:
        with room.hold() as place:
            place.take(1)
            token = (await read_body(request, SignIn, MAX_SIGN_IN_BYTES)).token.strip()
        try:
            request.state.principal = door.identify(token)
        except Unauthenticated:
            attempts.count(request.client.host if request.client else "")
            raise
        if len(cookie_value(token)) > MAX_COOKIE:
            raise InvalidInput("this token is too long for a browser: let a proxy send it, or its issuer say less")
        response = Response(status_code=204)
        _set_cookie(response, request, cookie_value(token))
        return response

    @router.delete("/session")
    async def end_session(request: Request, _: Anybody) -> Response:
        response = Response(status_code=204)
        _set_cookie(response, request, "", max_age=0)
        return response

    @router.get("/me")
    async def get_me(caller: Anybody) -> Response:
        roles = sorted(role.value for role in caller.who.roles)
        return said({"name": caller.who.name, "roles": roles, "insecure": door.insecure})

    @router.get("/taxonomy")
    async def get_taxonomy(_: Anybody) -> Response:
        return said(_document(taxonomy, grid))

    return router


def _set_cookie(response: Response, request: Request, value: str, max_age: int | None = None) -> None:
    """Until the browser is closed, unless it is told an age; scripts and other sites don't get it."""
    secure = request.url.scheme == "https"
    response.set_cookie(cookie_of(request), value, max_age, path="/", secure=secure, httponly=True, samesite="strict")


def _document(taxonomy: Taxonomy, grid: Size) -> dict[str, object]:
    classes = [
        {"label": label, "name": item.name, "colour": "#" + bytes(item.colour).hex(), "ranked": item.ranked}
        for label, item in enumerate(taxonomy.classes)
    ]
    labels = {"void": VOID, "background": taxonomy.background}
    return {"classes": classes, **labels, "grid": {"height": grid.height, "width": grid.width}}
