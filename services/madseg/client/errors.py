"""Every error that the client raises, as one tree.

    ClientError
    ├── InvalidArgument     a value is wrong; `field` names the request's field, where there is a single one
    ├── NotFound            nothing has this name
    ├── AlreadyExists       something else has this name
    ├── Unauthenticated     the service takes a token, and there is none or nobody has it
    ├── Forbidden           whoever has the token may not do this
    ├── NotReady            a precondition doesn't hold yet; the message says which and what makes it hold
    │   └── Stale           what the call went by has changed meanwhile: read it again, then decide anew
    ├── TooMany             more than the server takes now: nothing was done, come again after `retry_after` seconds
    ├── Unavailable         nobody answered, or the server asks to come back later: retry
    ├── DeadlineExceeded    no answer within the time that was given
    └── ServerError         a defect of the server, or an answer that no madseg server gives

`str(error)` is the server's own sentence, fit to show to a user.
"""


class ClientError(Exception):
    """Base of all errors of the client.

    `service` is "intake", "selector" or "models", or None where the error is about the client itself;
    `address` is where it was asked, or None where no address is known.
    """

    def __init__(self, message: str, *, service: str | None = None, address: str | None = None) -> None:
        super().__init__(message)
        self.service, self.address = service, address


class InvalidArgument(ClientError, ValueError):
    """A value is wrong. `field` is the name of the request's field at fault, or None where there is no single one."""

    def __init__(
        self, message: str, *, field: str | None = None, service: str | None = None, address: str | None = None
    ) -> None:
        super().__init__(message, service=service, address=address)
        self.field = field


class NotFound(ClientError, LookupError):
    """Nothing has this name."""


class AlreadyExists(ClientError):
    """Something else has this name already."""


class Unauthenticated(ClientError):
    """The service takes a token, and there is none or nobody has it."""


class Forbidden(ClientError):
    """Whoever has the token lacks the role that this takes, or it is somebody else's."""


class NotReady(ClientError):
    """A precondition doesn't hold yet, or the server's state forbids the call; the message says which."""


class Stale(NotReady):
    """What the call said that it went by is not so any more: somebody else was first, and nothing was done.

    The same call would be refused for ever: read again, decide anew, and send what was read then.
    """


class TooMany(ClientError):
    """More than the server takes at once, of this caller, or of this source. Nothing of it was done.

    `retry_after` is in how many seconds there is room again, as far as the server can tell; it is above 0.
    """

    def __init__(
        self, message: str, *, retry_after: float, service: str | None = None, address: str | None = None
    ) -> None:
        super().__init__(message, service=service, address=address)
        self.retry_after = retry_after


class Unavailable(ClientError):
    """The server did not answer, or asks to come back later.

    `answered` is False where no server was reached at all: wrong address, or not running. It is True too where one was
    that can't be spoken to by the TLS that was given.
    """

    def __init__(
        self, message: str, *, answered: bool = False, service: str | None = None, address: str | None = None
    ) -> None:
        super().__init__(message, service=service, address=address)
        self.answered = answered


class DeadlineExceeded(ClientError):
    """No answer within the time that was given. What was asked for may still have happened."""


class ServerError(ClientError):
    """The server failed in a way it did not foresee; its log knows the number in the message."""
