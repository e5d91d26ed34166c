"""Where things lie in a COCO file: images and annotations come in any order, and neither is held.

One walk over the file keeps a few bytes of each; then every value is read where it is needed.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from madseg.core.errors import InvalidInput, InvalidLabelMap
from madseg.exchange.documents import entry, parsed
from madseg.exchange.json_walk import Found, walk
from madseg.exchange.limits import MAX_ANNOTATIONS, MAX_LINE_BYTES, MAX_LISTED, whole

_MAX_ID = 200
"""Characters of an id."""

_LISTS = ("images", "annotations", "categories")


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value lies in the file, in bytes."""

    start: int
    size: int


class CocoIndex:
    """What a COCO file holds. `categories` are class names by id."""

    def __init__(self, stream: IO[bytes], what: str) -> None:
        """Walks over the file.

        Raises:
            InvalidInput: it isn't in this form, or asks for too much.
        """
        self._stream, self._what = stream, what
        self.categories: dict[int, str] = {}
        self._named = 0
        self._numbers: dict[str, int] = {}
        self._images, self._annotations = _Spans(MAX_LISTED), _Spans(MAX_ANNOTATIONS)
        lists = {item.key for item in walk(stream, what) if self._took(item)}
        for key in _LISTS:
            if key not in lists:
                raise InvalidInput(f"{key!r} must be a list, and {what} has none")
        self._at = {number: at for at, number in enumerate(self._images.owners)}
        if len(self._at) < len(self._images.owners):
            raise InvalidInput(f"{what} has an image's id twice: it can't be told whose the annotations are")

    def images(self) -> Iterator[tuple[Any, Sequence[Span]]]:
        """Each image, in the order of the file, with its annotations."""
        owned = self._annotations.by_owner(len(self._numbers))
        for at, number in enumerate(self._images.owners):
            yield self.read(self._images[at]), owned(number)

    def annotations(self) -> Iterator[tuple[Any, Any]]:
        """Each annotation, in the order of the file, with its image, None where there is none."""
        for at, number in enumerate(self._annotations.owners):
            image = self.read(self._images[self._at[number]]) if number in self._at else None
            yield self.read(self._annotations[at]), image

    def lost(self) -> Iterator[str]:
        """Ids of images that have annotations, but aren't there."""
        return (identity for identity, number in self._numbers.items() if number not in self._at)

    def read(self, span: Span) -> Any:
        """The value that lies somewhere."""
        self._stream.seek(span.start)
        return parsed(self._stream.read(span.size), self._what)

    def _took(self, item: Found) -> bool:
        """Keeps what an item tells; true for the beginning of a list."""
        if not item.listed:
            return isinstance(item.value, list)
        if item.key in _LISTS and not isinstance(item.value, dict):
            raise InvalidInput(f"{item.key!r} must be a list of objects, got {str(item.value)[:40]!r}")
        if item.key == "images":
            self._images.add(item, self._number(item.value, "id"))
        elif item.key == "annotations":
            self._annotations.add(item, self._number(item.value, "image_id"))
        elif item.key == "categories":
            self._name(item)
        return False

    def _number(self, found: Any, key: str) -> int:
        """An image's own number, by the id that stands under a key."""
        number = self._numbers.setdefault(_identity(found, key), len(self._numbers))
        if number == MAX_LISTED:
            raise InvalidInput(f"{self._what} speaks of more than {MAX_LISTED} images: split it by image")
        return number

    def _name(self, item: Found) -> None:
        self._named += item.end - item.start
        if self._named > MAX_LINE_BYTES:
            raise InvalidInput(f"the categories of {self._what} have more than {MAX_LINE_BYTES} bytes")
        self.categories[whole(entry(item.value, "id", int), "category id")] = entry(item.value, "name", str)


class _Spans:
    """Places in the file and whose they are: 16 bytes each."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.owners, self._starts, self._sizes = array("i"), array("Q"), array("I")

    def __getitem__(self, at: int) -> Span:
        return Span(self._starts[at], self._sizes[at])

    def add(self, item: Found, owner: int) -> None:
        if len(self.owners) == self._limit:
            raise InvalidInput(f"{item.key!r} has more than {self._limit} entries: split the file by image")
        self.owners.append(owner)
        self._starts.append(item.start)
        self._sizes.append(item.end - item.start)

    def by_owner(self, owners: int) -> "_Owned":
        return _Owned(self, owners)


class _Owned:
    """The spans of each owner, in the order of the file. Costs 8 bytes each."""

    def __init__(self, spans: _Spans, owners: int) -> None:
        known = np.array(spans.owners, np.int32)
        self._spans, self._order = spans, np.argsort(known, kind="stable")
        self._bounds = np.searchsorted(known, np.arange(owners + 1), sorter=self._order)

    def __call__(self, owner: int) -> list[Span]:
        first, behind = self._bounds[owner : owner + 2]
        return [self._spans[at] for at in self._order[first:behind].tolist()]


def check_bounded(spans: Sequence[Span]) -> None:
    """Raises InvalidLabelMap where the annotations of one image have more bytes than are taken."""
    total = sum(span.size for span in spans)
    if total > MAX_LINE_BYTES:
        raise InvalidLabelMap(f"its annotations have {total} bytes, at most {MAX_LINE_BYTES} are taken of one image")


def _identity(found: Any, key: str) -> str:
    """An id as text; tools write numbers or texts."""
    value = found.get(key)
    if not isinstance(value, int | str) or len(str(value)) > _MAX_ID:
        raise InvalidInput(f"{key!r} must be a number or a text, got {str(value)[:40]!r}")
    return str(value)
