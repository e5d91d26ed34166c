"""Reading a YAML mapping field by field, so that every mistake is told with its place, its value and the fix."""

from collections.abc import Collection, Mapping
from math import isfinite

from madseg.core.errors import InvalidModel


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
            raise InvalidModel(f"{where} must be a mapping of {', '.join(known)}, got {value!r}", field=where)
        for key in value:
            if key not in known:
                raise InvalidModel(
                    f"{where} has no key {key!r}; known keys: {', '.join(known)}", field=f"{where}.{key}"
                )
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
        return InvalidModel(f"{where} must be {wanted}, got {self._values.get(key)!r}", field=where)

    def text(self, key: str, default: str = "") -> str:
        """A string; numbers are not taken for strings."""
        if key not in self:
            return default
        value = self._values[key]
        if not isinstance(value, str):
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
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
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
        if not isinstance(values, list | tuple) or any(not isinstance(value, str) or not value for value in values):
            raise self.refuse(key, "a list of names (quote those that YAML reads as numbers, yes or no)")
        return tuple(values)

    def pairs(self, key: str) -> dict[str, str]:
        """A mapping of names to names, empty where it is absent."""
        values = self._values[key] if key in self else {}
        if not isinstance(values, Mapping):
            raise self.refuse(key, "a mapping of names to names")
        if any(not isinstance(part, str) or not part for pair in values.items() for part in pair):
            raise self.refuse(key, "a mapping of names to names (quote what YAML reads as numbers, yes or no)")
        return dict(values)

    def _element(self, key: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise self.refuse(key, "three finite numbers, one per channel")
        return float(value)
