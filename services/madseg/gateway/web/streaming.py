"""Server-sent events: a thing as it is, and again whenever it changes, until the listener goes."""

from collections.abc import AsyncIterator, Hashable

import structlog
from starlette.responses import StreamingResponse

from madseg.core.errors import MadsegError
from madseg.gateway.web.callers import Caller, Door
from madseg.gateway.web.polling import Ask, Topics

log = structlog.get_logger("madseg.gateway")

HEARTBEAT_SECONDS = 15.0
"""After so much silence a comment goes out, so that nothing on the way thinks the connection dead."""

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Streams:
    """Makes the streams of the API."""

    def __init__(self, topics: Topics, door: Door, heartbeat: float = HEARTBEAT_SECONDS) -> None:
        self._topics, self._door, self._heartbeat = topics, door, heartbeat

    async def open(self, event: str, key: Hashable, ask: Ask, caller: Caller) -> StreamingResponse:
        """The thing of this key as events. It is asked about once beforehand: what fails then is a plain refusal.

        Raises:
            Busy: too many listen.
        """
        self._topics.check(caller)
        told = self._told(event, (event, key), ask, caller, await ask(caller))
        return StreamingResponse(told, media_type="text/event-stream", headers=_HEADERS)

    async def _told(self, event: str, key: Hashable, ask: Ask, caller: Caller, now: object) -> AsyncIterator[str]:
        listener = self._topics.join(key, event, ask, caller, now)
        try:
            while True:
                text = await listener.hear(self._heartbeat)
                if listener.ended:
                    return
                self._door.identify(caller.token)
                yield text or ": still here\n\n"
        except MadsegError as error:
            log.info("stream_ended", event_name=event, person=caller.who.name, reason=str(error))  # their token ended
        finally:
            self._topics.leave(key, listener)
