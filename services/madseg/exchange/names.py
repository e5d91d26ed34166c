"""Names of masks: relative paths that every file system can hold, and that lead nowhere else."""

from madseg.core.errors import InvalidInput

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif")
"""Endings that name no mask but the picture's kind."""

MAX_PART, MAX_NAME = 200, 1000
"""Bytes of a part of a path and of the whole, in UTF-8; file systems take 255 and 4096 with endings of ours."""

_RESERVED = {"con", "prn", "aux", "nul", *(f"{device}{number}" for device in ("com", "lpt") for number in range(1, 10))}
_HOSTILE = set('\\:*?"<>|')


def safe(name: str) -> str:
    """The name, where it is a relative path with slashes that any file system can hold.

    Raises:
        InvalidInput: it is absolute, leads upwards, is hidden, or has characters or parts that some system can't hold.
    """
    problem = _problem(name)
    if problem:
        shown = name if name.isprintable() else ascii(name)
        raise InvalidInput(f"the name {shown[:120]!r} {problem}: rename it")
    return name


def stem(file_name: str) -> str:
    """The name of a picture's file without the ending that says its kind."""
    head, dot, ending = file_name.rpartition(".")
    return head if dot and f".{ending.lower()}" in PICTURES else file_name


def _problem(name: str) -> str | None:
    if not name.isprintable():
        return "has characters that can't be printed"
    if len(name.encode()) > MAX_NAME:
        return f"has more than {MAX_NAME} bytes"
    if name.startswith("/"):
        return "is an absolute path"
    if found := sorted(_HOSTILE & set(name)):
        return f"has {found[0]!r}, which some file systems can't hold"
    return next(filter(None, map(_part_problem, name.split("/"))), None)


def _part_problem(part: str) -> str | None:
    if part in {"", ".", ".."}:
        return f"has the part {part!r}, which leads elsewhere"
    if part.startswith(".") or part.endswith((".", " ")) or part.startswith(" "):
        return f"has the part {part!r}, which is hidden or ends in what some file systems drop"
    if part.split(".")[0].lower() in _RESERVED:
        return f"has the part {part!r}, which is a device on some systems"
    if len(part.encode()) > MAX_PART:
        return f"has a part of more than {MAX_PART} bytes"
    return None
