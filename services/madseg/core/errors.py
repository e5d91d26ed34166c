"""Every error that madseg raises on purpose, as one tree.

    MadsegError
    ├── InvalidInput          the caller's value is wrong; the message names it and the fix
    │   ├── InvalidImage      an image that can't be taken in
    │   ├── InvalidLabelMap   a label map that breaks its wire format, size or taxonomy
    │   ├── InvalidModel      a network or card that can't be served
    │   └── Poison            a stream record that can never be handled
    ├── NotFound              a name that nothing has
    ├── AlreadyExists         a name that something else has
    ├── NotReady              a precondition that will hold later or after an act; the message says which
    ├── Stale                 what the caller went by has changed meanwhile: read it again, then decide anew
    ├── Conflict              state that is damaged, or belongs to another cluster, topic, process or setting
    ├── Unauthenticated       nobody knows who calls
    ├── Forbidden             whoever calls may not do this
    ├── TooMany               more than is taken of this caller or source now; it says when to come again
    │   └── Busy              more than the server takes on at once, whoever calls
    └── Unavailable           a part that may answer later: retry

The errors know nothing of gRPC or HTTP: `madseg.rpc` and `madseg.gateway.http_api` translate them on the way out.
"""


class MadsegError(Exception):
    """Base of all errors raised on purpose. `str(error)` is fit to show to a user."""


class InvalidInput(MadsegError, ValueError):
    """The caller's value is wrong.

    `field` is the name of the request field or setting at fault, or None where there is no single one.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class InvalidImage(InvalidInput):
    """An image that can't be taken in: truncated, a bomb, not an image."""


class InvalidLabelMap(InvalidInput):
    """A label map that breaks its wire format, its grid or its taxonomy."""


class InvalidModel(InvalidInput):
    """A network or model card that can't be served as it is."""


class Poison(InvalidInput):
    """A stream record that no retry can help. It goes to the dead letters with this reason."""


class NotFound(MadsegError, LookupError):
    """Nothing has this name."""


class AlreadyExists(MadsegError):
    """Something else has this name already."""


class NotReady(MadsegError):
    """A precondition doesn't hold yet; the message says which and what makes it hold. Then the same call is taken."""


class Stale(MadsegError):
    """What the caller said that it went by is not so any more: somebody else was first, and nothing was done.

    The same call would be refused for ever: read again, decide anew, and send what was read then.
    """


class Conflict(MadsegError):
    """State on disk or in a database is damaged, or belongs to another cluster, topic, process or setting.

    No caller can mend it by reading or waiting: the message says what an operator has to do.
    """


class Unauthenticated(MadsegError):
    """There is no token, or nobody has it."""


class Forbidden(MadsegError):
    """Whoever calls lacks the role that this takes, or it is somebody else's."""


class TooMany(MadsegError):
    """More than is taken of this caller or source now. Nothing of it was done.

    `retry_after` says in how many seconds there is room again, above 0.
    """

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Busy(TooMany):
    """More than the server takes on at once, whoever calls."""


class Unavailable(MadsegError):
    """A part did not answer; the same call may succeed later."""
