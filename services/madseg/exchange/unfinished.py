"""How far a run has come that writes to a place: a file beside it, there only until the run is through."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from madseg.core.errors import Conflict
from madseg.exchange.writing import put


class Unfinished:
    """The mark of a run. `after` is what it reached, "" at the beginning; `token` is what a service goes on with."""

    def __init__(self, path: Path, what: str, after: str, token: str) -> None:
        self._path, self._what, self.after, self.token = path, what, after, token

    def reach(self, after: str, token: str = "") -> None:
        """Notes how far it has come. Costs a small file each time."""
        self.after, self.token = after, token
        put(self._path, json.dumps({"what": self._what, "after": after, "token": token}).encode())


@contextmanager
def unfinished(place: Path, what: str) -> Iterator[Unfinished]:
    """The mark of a run that is `what` and writes to `place`.

    It is there once the run has reached something, and gone when the context is left without an error.

    Raises:
        Conflict: another run to this place was cut off.
    """
    path = place.with_name(place.name + ".unfinished")
    before = _read(path)
    if before.get("what", what) != what:
        raise Conflict(
            f"{place} was left unfinished by {before['what']!r}: run that again, or remove {path} and what it wrote"
        )
    yield Unfinished(path, what, before.get("after", ""), before.get("token", ""))
    path.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
