"""The topics that a service needs, at its start."""

from collections.abc import Sequence

from madseg.core.errors import NotFound
from madseg.ports import Stream, Topic


def ensure_topics(stream: Stream, topics: Sequence[Topic]) -> None:
    """Makes the topics that aren't there, and checks those that are.

    A service changes no topic that it finds: others use it, and what an operator has set may be meant. `madseg topics
    apply` changes them.

    Raises:
        Conflict: one differs from what is wanted, or can't be made; the message says in what, and the way out.
    """
    for topic in topics:
        try:
            stream.check(topic)
        except NotFound:
            stream.create(topic)
