"""Calls that a server has no room for, made again when it says that there is."""

import random
import time
from typing import Any

import grpc

from madseg.client.channel import CallDetails
from madseg.client.details import retry_delay

SPREAD = 0.5
"""Share of a pause that is added by chance, so that those who were refused together don't come again together."""


class Patient(grpc.UnaryUnaryClientInterceptor):
    """Makes calls of the methods in `repeated` again, within their deadline, after the pause that the server asks for.

    Others are the caller's to make again: the error says when.
    """

    def __init__(self, repeated: frozenset[str]) -> None:
        self._repeated = repeated

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        call = continuation(details, request)
        if details.method not in self._repeated or details.timeout is None:
            return call
        ends = time.monotonic() + details.timeout
        while call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
            delay = retry_delay(call)
            pause = 0.0 if delay is None else delay * (1 + SPREAD * random.random())
            left = ends - time.monotonic() - pause
            if delay is None or left <= 0:
                break
            time.sleep(pause)
            call = continuation(CallDetails.of(details, timeout=left), request)
        return call
