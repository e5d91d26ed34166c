"""Ids of runs, which become names of files and of jobs."""

import re

from madseg.core.errors import InvalidInput

_ID = re.compile(r"[a-z0-9]{1,64}")


def checked_id(run_id: str) -> str:
    """The id itself.

    Raises:
        InvalidInput: it isn't 1..64 of a-z and 0-9.
    """
    if not _ID.fullmatch(run_id):
        raise InvalidInput(f"the id of a run must be 1..64 of a-z and 0-9, got {run_id[:100]!r}", field="run_id")
    return run_id
