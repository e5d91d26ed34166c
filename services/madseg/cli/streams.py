"""The stream that commands work on directly, without a service between."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from madseg.ports import Stream, Topic


@dataclass(frozen=True)
class Opened:
    """An open stream, and the topics that a deployment has on it."""

    stream: "Stream"
    topics: "list[Topic]"


@contextmanager
def opened() -> Iterator[Opened]:
    """The stream that MADSEG_STREAM names, else the one in the state folder of `madseg up`.

    Raises:
        NotFound: there is no state folder with one.
    """
    import logging
    import os

    from madseg import up
    from madseg.adapters.streams import open_stream
    from madseg.core.errors import NotFound
    from madseg.runtime import configure_logging
    from madseg.selector import __main__ as selector
    from madseg.settings import load
    from madseg.wire import topics

    configure_logging(json=False, level=logging.WARNING)
    known = (up.Config, *up.SERVICES)
    state = load(up.Config, known=known).state
    settings = load(selector.Config, known=known)
    given = any(name in os.environ for name in ("MADSEG_STREAM", "MADSEG_STREAM_FILE"))
    if not given and not (Path(state) / "stream.db").exists():
        raise NotFound(f"there is no stream in {state}: set MADSEG_STREAM, or MADSEG_STATE to that of `madseg up`")
    stream = open_stream(settings.stream if given else f"sqlite:///{state}/stream.db")
    try:
        yield Opened(stream, topics(settings.prefix, settings.partitions))
    finally:
        stream.close()
