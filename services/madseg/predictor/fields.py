"""Reading a YAML mapping field by field, so that every mistake is told with its place, its value and the fix."""

from collections.abc import Collection, Mapping
from math import isfinite
from reprlib import Repr
from typing import TypeGuard

from madseg.core.errors import InvalidModel


class _Shown(Repr):
    """A value in a message, cut where it is long: YAML says in a line what takes gigabytes to print."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxdict, self.maxlist, self.maxstring, self.maxlong, self.maxother = 3, 20, 20, 200, 40, 200

    def repr_int(self, value: int, level: int) -> str:
        return super().repr_int(value, level) if value.bit_length() < 1000 else "a number of many digits"


_shown = _Shown().repr


def _is_text(value: object) -> TypeGuard[str]:
    """Whether it can be sent and written: YAML's escapes also make halves of letters."""
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_finite(value: object) -> TypeGuard[int | float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return isfinite(value)
    except OverflowError:  # a whole number that no float is as large as
        return False


class Fields:
    """One mapping of a card or record.

    Args:
        value: what the YAML parser gave for it.
        where: how the user finds it, for messages (`card.input`).
        known: the keys it may have.

    Raises:
        InvalidModel: it is no mapping, or has a key that is not in `known`.
    """

    def __init__(self, value: object, where: str, known: Collection[str]) -> None:
        if not isinstance(value, Mapping):
            raise InvalidModel(f"{where} must be a mapping of {', '.join(known)}, got {_shown(value)}", field=where)
        for key in value:
            if key not in known:
                field = f"{where}.{key}" if _is_text(key) else where
                raise InvalidModel(f"{where} has no key {_shown(key)}; known keys: {', '.join(known)}", field=field)
        self._values: Mapping[str, object] = value
        self._where = where

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def raw(self, key: str) -> object:
        """The value as the parser gave it, None where it is absent."""
        return self._values.get(key)

    def refuse(self, key: str, wanted: str) -> InvalidModel:
        """The error for a value that is not what was wanted."""
        where = f"{self._where}.{key}"
        return InvalidModel(f"{where} must be {wanted}, got {_shown(self._values.get(key))}", field=where)

    def text(self, key: str, default: str = "") -> str:
        """A string; numbers are not taken for strings."""
        if key not in self:
            return default
        value = self._values[key]
        if not _is_text(value):
            raise self.refuse(key, "text (in quotes where YAML would read it as something else)")
        return value

    def choice(self, key: str, options: Collection[str], default: str = "") -> str:
        """One of `options`."""
        value = self.text(key, default)
        if value not in options and key in self:
            raise self.refuse(key, " or ".join(options))
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        """true or false."""
        value = self._values[key] if key in self else default
        if not isinstance(value, bool):
            raise self.refuse(key, "true or false")
        return value

    def number(self, key: str) -> float | None:
        """A finite number, None where it is absent."""
        value = self._values.get(key)
        if value is None:
            return None
        if not _is_finite(value):
            raise self.refuse(key, "a finite number (in YAML 1e-3 is text: write 1.0e-3)")
        return float(value)

    def integer(self, key: str) -> int:
        """A whole number that must be there."""
        value = self._values.get(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.refuse(key, "a whole number")
        return value

    def triple(self, key: str) -> tuple[float, float, float] | None:
        """Three finite numbers, one per channel; None where it is absent."""
        if key not in self:
            return None
        values = self._values[key]
        if not isinstance(values, list | tuple) or len(values) != 3:
            raise self.refuse(key, "three numbers, one per channel")
        first, second, third = (self._element(key, value) for value in values)
        return first, second, third

    def size(self, key: str) -> tuple[int, int] | None:
        """[height, width] in 1..8192 pixels, None where it is absent."""
        if key not in self:
            return None
        values = self.integers(key)
        if len(values) != 2 or any(not 1 <= value <= 8192 for value in values):
            raise self.refuse(key, "[height, width], each 1..8192")
        return values[0], values[1]

    def integers(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers, empty where it is absent."""
        values = self._values[key] if key in self else ()
        if not isinstance(values, list | tuple) or any(type(value) is not int for value in values):
            raise self.refuse(key, "a list of whole numbers")
        return tuple(values)

    def names(self, key: str) -> tuple[str, ...]:
        """A list of strings, empty where it is absent."""
        values = self._values[key] if key in self else ()
        if not isinstance(values, list | tuple) or any(not _is_text(value) or not value for value in values):
            raise self.refuse(key, "a list of names (quote those that YAML reads as numbers, yes or no)")
        return tuple(values)

    def pairs(self, key: str) -> dict[str, str]:
        """A mapping of names to names, empty where it is absent."""
        values = self._values[key] if key in self else {}
        if not isinstance(values, Mapping):
            raise self.refuse(key, "a mapping of names to names")
        if any(not _is_text(part) or not part for pair in values.items() for part in pair):
            raise self.refuse(key, "a mapping of names to names (quote what YAML reads as numbers, yes or no)")
        return dict(values)

    def _element(self, key: str, value: object) -> float:
        if not _is_finite(value):
            raise self.refuse(key, "three finite numbers, one per channel")
        return float(value)
