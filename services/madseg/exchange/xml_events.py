"""XML read in pieces, element by element; a document type, where bombs and foreign files hide, is refused."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO
from xml.parsers import expat

from madseg.core.errors import InvalidInput
from madseg.exchange.limits import MAX_LINE_BYTES

_PIECE = 1 << 16


@dataclass(frozen=True)
class Start:
    """The beginning of an element."""

    tag: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class End:
    """The end of an element."""

    tag: str


def events(stream: IO[bytes], what: str) -> Iterator[Start | End]:
    """Beginnings and ends of elements, in their order. Holds one piece of the file, and one element's attributes.

    Raises:
        InvalidInput: it is no XML, has a document type, or an element's tag has more bytes than are taken.
    """
    found: deque[Start | End] = deque()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = lambda tag, attributes: found.append(Start(tag, attributes))
    parser.EndElementHandler = lambda tag: found.append(End(tag))
    pending = 0
    while True:
        piece = stream.read(_PIECE)
        try:
            parser.Parse(piece, not piece)
        except expat.ExpatError as error:
            raise InvalidInput(f"{what} is no XML: {error}") from error
        pending = 0 if found else pending + len(piece)
        if pending > MAX_LINE_BYTES:
            raise InvalidInput(f"{what} has an element of more than {MAX_LINE_BYTES} bytes: export it again")
        while found:
            yield found.popleft()
        if not piece:
            return


def _refuse(*_: object) -> None:
    raise InvalidInput("the XML has a document type or entities, which no annotation tool writes: export it again")
