"""Nobody gets to a route of the API unless they are known: every path is shut but the one that signs in."""

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from madseg.core.errors import MadsegError
from madseg.gateway.problems import refusal
from madseg.gateway.web.asking import Asking
from madseg.gateway.web.callers import Door, check_change

SIGN_IN = ("POST", "/session")
"""The one route that takes no token."""


class Guard:
    """Stands before the API, and leaves the caller in `request.state.caller`."""

    def __init__(self, app: ASGIApp, door: Door, asking: Asking) -> None:
        self._app, self._door, self._asking = app, door, asking

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = HTTPConnection(scope)
        try:
            if (scope["method"], scope["path"].removeprefix(scope["root_path"])) == SIGN_IN:
                self._door.check_host(request)
                check_change(request)
            else:
                request.state.caller = self._door.enter(request, self._asking)
        except MadsegError as error:
            await refusal(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)
