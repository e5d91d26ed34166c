"""A JSON file of any size, walked from front to back with one value of it held at a time.

What other tools write is one object of long lists, or one list. The walk goes over what that holds and tells where
each value lies, so that it can be read again later: whoever sorts them keeps places, not values. Values are parsed by
`json`, whose depth is bounded; one that is larger than a value may be, or goes deeper, is an error.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from madseg.core.errors import InvalidInput
from madseg.exchange.documents import DECODER
from madseg.exchange.limits import MAX_LINE_BYTES

_PIECE = 1 << 18
"""Bytes read at a time; more where a value is larger."""

_CUT_OFF = 2
"""Characters behind a number that may yet belong to it: `1` is all that can be read of `1e+`."""

_MAX_KEYS = 1000
"""Keys of the outer object; formats have five."""

_BLANKS = re.compile(r"[ \t\n\r]*")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Found:
    """A value: the key of the outer object that it stands under, "" in a list, and the bytes where it begins and ends.

    `listed` is true for an item of a list. A list in an object is told of as an empty one before its items.
    """

    key: str
    value: Any
    start: int
    end: int
    listed: bool


def items(stream: IO[bytes], what: str) -> Iterator[Found]:
    """The items of a JSON text that is a list, in their order.

    Raises:
        InvalidInput: it is no list, or no JSON in UTF-8; an object has a key twice; an item has more bytes than are
            taken. What comes before is yielded.
    """
    text = _Text(stream, what)
    if text.sign() != "[":
        raise text.wrong("a list is expected")
    yield from _list(text, "")
    _end(text)


def walk(stream: IO[bytes], what: str) -> Iterator[Found]:
    """What a JSON text that is an object holds, in its order, of its lists item by item.

    Raises:
        InvalidInput: as `items`.
    """
    text = _Text(stream, what)
    if text.sign() != "{":
        raise text.wrong("an object is expected")
    yield from _object(text)
    _end(text)


def _end(text: "_Text") -> None:
    if text.sign(expected=False):
        raise text.wrong("nothing may follow the last bracket")


class _Text:
    """The text around the place that the walk has come to."""

    def __init__(self, stream: IO[bytes], what: str) -> None:
        self._stream, self._what = stream, what
        self._rest, self._window, self._at = b"", "", 0
        self._told, self._passed = 0, 0  # a place in the window, and the bytes of the text before it
        if self.sign(expected=False) == _BOM:
            self.step()

    def sign(self, *, expected: bool = True) -> str:
        """The next character that isn't blank, "" at the end."""
        while True:
            self._at = _BLANKS.match(self._window, self._at).end()  # type: ignore[union-attr]  # it always matches
            if self._at < len(self._window):
                return self._window[self._at]
            if not self._more():
                if expected:
                    raise self.wrong("it ends too early")
                return ""

    def step(self) -> None:
        """Goes on behind the sign."""
        self._at += 1

    def value(self) -> tuple[Any, int, int]:
        """The next value, with the bytes where it begins and ends."""
        self.sign()
        while True:
            value, length, problem = self._decoded()
            if self._at + length + _CUT_OFF < len(self._window) or not self._more():
                break
        if problem:
            raise self.wrong(problem)
        start = self.place()
        self._at += length
        return value, start, self.place()

    def wrong(self, problem: str) -> InvalidInput:
        """That the text is none that is read, and where."""
        return InvalidInput(f"{self._what} is no JSON that can be read, behind byte {self.place()}: {problem[:200]}")

    def _decoded(self) -> tuple[Any, int, str]:
        """The value in the window, its characters, and what is wrong with it, "" for nothing."""
        try:
            value, end = DECODER.raw_decode(self._window, self._at)
        except InvalidInput as error:
            raise self.wrong(str(error)) from error
        except (ValueError, RecursionError) as error:
            return None, len(self._window) - self._at, str(error)
        return value, end - self._at, ""

    def place(self) -> int:
        """The bytes before the next character."""
        gone = self._window[self._told : self._at]
        self._passed += len(gone) if gone.isascii() else len(gone.encode())
        self._told = self._at
        return self._passed

    def _more(self) -> bool:
        """Lets go of what is behind, and reads as much again as is left; false at the end."""
        self.place()
        self._window, self._at, self._told = self._window[self._at :], 0, 0
        if len(self._window) > MAX_LINE_BYTES:
            raise self.wrong(f"a value has more than {MAX_LINE_BYTES} bytes")
        piece = self._stream.read(max(_PIECE, len(self._window)))
        self._window += self._decode(self._rest + piece, last=not piece)
        return bool(piece)

    def _decode(self, content: bytes, *, last: bool) -> str:
        """The text of some bytes; a character that is cut off is kept for the next."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            text = decoder.decode(content, last)
        except UnicodeDecodeError as error:
            raise self.wrong("it isn't in UTF-8") from error
        self._rest = decoder.getstate()[0]
        return text


def _list(text: _Text, key: str) -> Iterator[Found]:
    """The items of the list that begins here."""
    text.step()
    more = text.sign() != "]"
    while more:
        yield Found(key, *text.value(), listed=True)
        more = _goes_on(text, "]")
    text.step()


def _object(text: _Text) -> Iterator[Found]:
    """What the object that begins here has; of its lists each item."""
    text.step()
    seen: set[str] = set()
    more = text.sign() != "}"
    while more:
        key = _key(text, seen)
        if text.sign() == "[":
            yield Found(key, [], text.place(), text.place(), listed=False)
            yield from _list(text, key)
        else:
            yield Found(key, *text.value(), listed=False)
        more = _goes_on(text, "}")
    text.step()


def _key(text: _Text, seen: set[str]) -> str:
    key, _, _ = text.value()
    if not isinstance(key, str) or text.sign() != ":":
        raise text.wrong("a key and a colon are expected")
    text.step()
    if key in seen or len(seen) == _MAX_KEYS:
        raise text.wrong(f"the key {key[:40]!r} stands twice" if key in seen else f"more than {_MAX_KEYS} keys")
    seen.add(key)
    return key


def _goes_on(text: _Text, close: str) -> bool:
    """True behind a comma, false at the closing bracket."""
    sign = text.sign()
    if sign == ",":
        text.step()
    elif sign != close:
        raise text.wrong(f"a comma or {close} is expected")
    return sign == ","
