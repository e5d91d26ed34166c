"""Random requests: every field of a message filled with what fits, what nearly fits, and what nobody would send."""

import base64
import json
import random
from collections.abc import Sequence
from typing import cast

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_TEXTS = (
    *("", " ", "\0", "a\0b", "\u202e", "💥" * 70, "x" * 201, "x" * 5000, "../../etc/passwd", "%s%n", "'; --"),
    *("alpha", "beta", "nobody", "Alpha", "alpha/1", "red", "dark", "RED", "veto", "0" * 32, "f" * 32, "0" * 31),
    *("é" * 32, "g" * 32, "A" * 32, "9" * 40, "-1", "999999999999999999", "18446744073709551616", "nan", "{", "[]"),
)
_TOKENS: tuple[object, ...] = (
    *(
        [],
        7,
        None,
        "text",
        {"after": 7},
        {"after": "zz"},
        {"after": ["zz", "0" * 32]},
        {"after": ["0x1p9999", "f" * 32]},
    ),
    *(
        {"after": ["nan", "0" * 32]},
        {"after": ["0x1p-1", "nothing"]},
        {"after": ["0x1p-1", "8" * 32]},
        {"after": "8" * 32},
    ),
    *(
        {"rank": -1},
        {"rank": 1 << 70},
        {"rank": True, "set": "x"},
        {"rank": 2, "set": 3},
        {"rank": "2"},
        {"after": None},
    ),
)
_FITTING = {
    "page_token": ("",),
    "class_name": ("red", "green", "blue", "dark"),
    "model": ("alpha", "beta", "gamma", ""),
    "source": ("", "upload"),
    "idempotency_key": ("", "one", "two"),
    "reason": ("veto", "training"),
    "covers": ("red", "dark"),
}
_NUMBERS = (0, 0, 0, 1, 1, 1, 2, 3, 7, 24, 1000, 1001, 10_000, 10_001, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
_MOMENTS = (0, 1, -1, 1 << 31, 253_402_300_799, 253_402_300_800, -62_135_596_801, (1 << 63) - 1, -(1 << 63))


class Hostile:
    """Seeded. `known` are ids that the service knows."""

    def __init__(self, seed: int, known: Sequence[str]) -> None:
        self._random = random.Random(seed)
        self._known = known

    def message(self, empty: Message) -> Message:
        """The message with some of its fields filled."""
        for field in cast("Sequence[FieldDescriptor]", empty.DESCRIPTOR.fields):
            if self._random.random() < 0.6:
                self._fill(empty, field)
        return empty

    def text(self, name: str = "") -> str:
        """Any text; the field's name says what fits."""
        draw = self._random
        if name in _FITTING and draw.random() < 0.6:
            return draw.choice(_FITTING[name])
        if name == "page_token" and draw.random() < 0.8:
            return base64.urlsafe_b64encode(json.dumps(draw.choice(_TOKENS)).encode()).decode()
        if name.startswith("image_id") and draw.random() < 0.7:
            return draw.choice(self._known)
        if draw.random() < 0.8:
            return draw.choice(_TEXTS)
        return "".join(chr(draw.choice((draw.randrange(1, 0xD800), draw.randrange(32, 127)))) for _ in range(9))

    def _fill(self, message: Message, field: FieldDescriptor) -> None:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            for _ in range(self._random.randint(1, 3)):
                getattr(message, field.name)[self.text()] = self.text()
        elif field.is_repeated:
            for _ in range(self._random.choice((1, 2, 3, 40))):
                if field.message_type is not None:
                    self.message(getattr(message, field.name).add())
                else:
                    getattr(message, field.name).append(self._value(field))
        elif field.message_type is None:
            setattr(message, field.name, self._value(field))
        elif field.message_type.full_name == "google.protobuf.Timestamp":
            stamp = getattr(message, field.name)
            stamp.seconds = self._random.choice(_MOMENTS)
            stamp.nanos = self._random.choice((0, 0, 1, 999_999_999, -1, 1_000_000_000))
        else:
            self.message(getattr(message, field.name))
            getattr(message, field.name).SetInParent()

    def _value(self, field: FieldDescriptor) -> object:
        draw = self._random
        match field.cpp_type:
            case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
                return draw.choice(
                    (b"", b"\0", draw.randbytes(9), draw.randbytes(300), b"\x89PNG\r\n\x1a\n" + bytes(40))
                )
            case FieldDescriptor.CPPTYPE_STRING:
                return self.text(field.name)
            case FieldDescriptor.CPPTYPE_BOOL:
                return draw.random() < 0.5
            case FieldDescriptor.CPPTYPE_ENUM:
                return draw.choice((0, 1, 2, 3, 99))
            case FieldDescriptor.CPPTYPE_FLOAT | FieldDescriptor.CPPTYPE_DOUBLE:
                return draw.choice((0.0, -1.0, 0.5, float("nan"), float("inf")))
            case FieldDescriptor.CPPTYPE_INT32 | FieldDescriptor.CPPTYPE_INT64:
                return draw.choice((0, 1, -1, (1 << 31) - 1, -(1 << 31)))
        return draw.choice(_NUMBERS)
