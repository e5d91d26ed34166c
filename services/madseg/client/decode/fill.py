"""Messages made of what a caller gave, where what they can't hold is the caller's mistake."""

import reprlib
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from madseg.client.errors import InvalidArgument

P = ParamSpec("P")
M = TypeVar("M", bound=Message)

_HELD = {
    FieldDescriptor.CPPTYPE_UINT32: f"0..{(1 << 32) - 1}",
    FieldDescriptor.CPPTYPE_UINT64: f"0..{(1 << 64) - 1}",
    FieldDescriptor.CPPTYPE_INT32: f"{-1 << 31}..{(1 << 31) - 1}",
    FieldDescriptor.CPPTYPE_INT64: f"{-1 << 63}..{(1 << 63) - 1}",
    FieldDescriptor.CPPTYPE_DOUBLE: "a number",
    FieldDescriptor.CPPTYPE_FLOAT: "a number",
    FieldDescriptor.CPPTYPE_BOOL: "True or False",
}
"""What a field of a type holds, for people."""


def fill(kind: Callable[P, M], /, *_: P.args, **fields: P.kwargs) -> M:
    """The message of this kind with these fields; what is None stays unset.

    Raises:
        InvalidArgument: a field can't hold its value; `field` is the first such.
    """
    # What can be read but once is read here, so that the field at fault can be told.
    given = {name: list(value) if isinstance(value, Iterator) else value for name, value in fields.items()}
    try:
        return kind(**given)  # type: ignore[arg-type, call-arg]
    except (ValueError, TypeError) as error:
        for name, value in given.items():
            _check(kind, name, value)
        raise InvalidArgument(f"a value can't be sent: {error}") from error


def _check(kind: Callable[..., Message], name: str, value: object) -> None:
    try:
        kind(**{name: value})
    except (ValueError, TypeError) as error:
        descriptor: Descriptor = kind.DESCRIPTOR  # type: ignore[attr-defined]
        field = descriptor.fields_by_name[name]
        held = _HELD.get(field.cpp_type, "bytes" if field.type == FieldDescriptor.TYPE_BYTES else "text in UTF-8")
        each = "each of " if field.is_repeated else ""
        raise InvalidArgument(f"{each}{name} must be {held}, got {shown(value)}", field=name) from error


def shown(value: object) -> str:
    """A value in an error, shortened."""
    try:
        return reprlib.repr(value)
    except ValueError:  # Python writes no number of more than 4300 digits
        return "a number with thousands of digits"
