"""Who calls, and what they may do: tokens with roles, the same over gRPC and HTTP.

Tokens stand in one JSON file by their SHA-256, so that the file gives nothing away that lets anybody in:

    {"tokens": [{"name": "ada", "roles": ["rater", "annotator"], "sha256": "5e88..."}]}

The file is read again when it changes. A token has 256 bits of chance, so one round of SHA-256 without salt is enough.
"""

import hashlib
import json
import secrets
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import quote

from madseg.core.errors import Forbidden, InvalidInput, NotFound, Unauthenticated, Unavailable
from madseg.files import locked, replace_file

MAX_NAME = 64
"""Characters of a person's name."""


class Role(StrEnum):
    """What somebody may do. An admin may do everything."""

    SOURCE = "source"
    READER = "reader"
    RATER = "rater"
    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls."""

    name: str
    roles: frozenset[Role]

    def may(self, *roles: Role) -> bool:
        """Whether one of the roles is theirs; without roles, whether they are anybody at all."""
        return not roles or Role.ADMIN in self.roles or not self.roles.isdisjoint(roles)

    def must(self, *roles: Role) -> None:
        """Does nothing where `may` is true.

        Raises:
            Forbidden: none of the roles is theirs; the message names them.
        """
        if not self.may(*roles):
            wanted = " or ".join(role.value for role in roles)
            raise Forbidden(f"{self.name} has no role for this: it takes {wanted}")


class Access(ABC):
    """Tells who somebody is by the token they show. Thread-safe."""

    @abstractmethod
    def identify(self, token: str | None) -> Principal:
        """Whose token it is.

        Raises:
            Unauthenticated: there is none, or nobody has it.
            Forbidden: somebody has it who has no role at all.
            Unavailable: that can't be told now.
        """


class Tokens(Access):
    """The tokens of a file."""

    def __init__(self, path: Path) -> None:
        """Raises InvalidInput where the file can't be read or says something else."""
        self._path, self._lock = path, threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._known: dict[str, Principal] = {}
        self._refresh()

    def identify(self, token: str | None) -> Principal:
        if not token:
            raise Unauthenticated(
                "this takes a token: set MADSEG_TOKEN, send `authorization: Bearer <token>`, or sign in on the pages"
            )
        with self._lock:
            try:
                self._refresh()
            except InvalidInput as error:  # of the file, not of the caller; what it said before must not go on
                raise Unavailable(str(error)) from error
            found = self._known.get(digest(token))
        if found is None:
            raise Unauthenticated("nobody has this token: ask whoever runs madseg for one (`madseg access add`)")
        return found

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
            if stamp != self._seen:
                self._known = {item["sha256"]: principal for item, principal in _entries(self._path)}
                self._seen = stamp
        except FileNotFoundError as error:
            raise InvalidInput(_missing(self._path)) from error
        except OSError as error:
            raise InvalidInput(f"the file of tokens {self._path} can't be read: {error}") from error


class Everybody(Access):
    """No check at all, for one machine: whoever calls may do everything, under the name that they give as a token."""

    def identify(self, token: str | None) -> Principal:
        name = checked_name(token) if token else "somebody"
        if not name.isascii():
            raise InvalidInput("without tokens a name travels as one does, so it takes ASCII letters", field="name")
        return Principal(name, frozenset(Role))


def is_this_machine(host: str) -> bool:
    """Whether a host's name or address can't be reached from, or belong to, another machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def bearer(header: str | None) -> str | None:
    """The token of an `authorization` header; None without one.

    Raises:
        Unauthenticated: another scheme.
    """
    if not header:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated(f"authorization must be `Bearer <token>`, got the scheme {scheme[:20]!r}")
    return token.strip()


def add_token(path: Path, name: str, roles: Iterable[Role]) -> str:
    """Gives somebody a new token with these roles and returns it: it can't be had again. The old one ends.

    Raises:
        InvalidInput: a name that can't be, no role, or a file that can't be read or written.
    """
    given, token = sorted({role.value for role in roles}), secrets.token_urlsafe(32)
    if not given:
        raise InvalidInput(f"a token needs at least one role of {', '.join(Role)}", field="roles")
    entry = {"name": checked_name(name), "roles": given, "sha256": digest(token)}
    with _alone(path):
        others = [item for item in _items(path) if item["name"] != name] if path.exists() else []
        _write(path, [*others, entry])
    return token


def write_token(path: Path, token: str) -> None:
    """Puts a token into a file that its owner alone can read, whole or not at all.

    Raises:
        InvalidInput: it can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, f"{token}\n".encode(), private=True)
    except OSError as error:
        raise InvalidInput(f"the token can't be written to {path}: {error}") from error


def sign_in_link(url: str, token: str) -> str:
    """An address of the pages that signs in. The token is in the fragment, which browsers send to nobody."""
    return f"{url.rstrip('/')}/#/sign-in/{quote(token, safe='')}"


def remove_token(path: Path, name: str) -> None:
    """Ends somebody's token.

    Raises:
        NotFound: nobody has this name.
        InvalidInput: a file that can't be read or written.
    """
    if not path.exists():
        raise InvalidInput(_missing(path))
    with _alone(path):
        items = _items(path)
        others = [item for item in items if item["name"] != name]
        if len(others) == len(items):
            raise NotFound(f"nobody with the name {name!r} has a token in {path}")
        _write(path, others)


def principals(path: Path) -> list[Principal]:
    """Everybody who has a token, in order of name."""
    return sorted((principal for _, principal in _entries(path)), key=lambda item: item.name)


def digest(token: str) -> str:
    """What stands in the file for a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def checked_name(name: str) -> str:
    """`name` itself.

    Raises:
        InvalidInput: it is empty, too long, or has characters that can't be shown.
    """
    if not 0 < len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
        raise InvalidInput(f"a name must be 1..{MAX_NAME} printable characters, got {name[:100]!r}", field="name")
    return name


def _entries(path: Path) -> list[tuple[dict[str, Any], Principal]]:
    found = []
    for item in _items(path):
        try:
            found.append((item, Principal(checked_name(item["name"]), frozenset(map(Role, item["roles"])))))
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"the file of tokens {path} has an entry that can't be read: {error}") from error
    return found


def _items(path: Path) -> list[dict[str, Any]]:
    try:
        items = json.loads(path.read_text())["tokens"]
        if not all(isinstance(item["sha256"], str) and item["name"] for item in items):
            raise ValueError("an entry lacks its name or sha256")
    except FileNotFoundError as error:
        raise InvalidInput(_missing(path)) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"the file of tokens {path} can't be read: {error}") from error
    return list(items)


def _missing(path: Path) -> str:
    return f"there is no file of tokens {path}: `madseg access add` makes it"


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keeps two changes at once from losing one of them."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.with_name(f".{path.name}.lock")):
            yield
    except OSError as error:
        raise InvalidInput(f"the file of tokens {path} can't be written: {error}") from error


def _write(path: Path, items: list[dict[str, Any]]) -> None:
    """Whole or not at all, readable by its owner alone."""
    replace_file(path, json.dumps({"tokens": items}, indent=2).encode(), durable=True, private=True)
