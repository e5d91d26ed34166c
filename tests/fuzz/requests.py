"""Random requests of any method, from the descriptors of the protos alone: edges, rubbish, and what answers named."""

import math
import random
import re
import string
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

DEEP = 6
"""Messages within messages at most."""

_INTEGERS: Mapping[int, tuple[int, int]] = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}

_TEXTS = (
    "",
    "a",
    "newest",
    "0" * 32,
    "g" * 32,
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "'; drop table x; --",
    "\x00",
    "\U0001f600" * 8,
    "x" * 5000,
    "NaN",
    "1e999",
    "[" * 2000,
    "%00%2e%2e",
    "name/3",
)


class Memory:
    """Values that answers held, by the name of their field: requests that use them get further than rubbish does."""

    def __init__(self, each: int = 40) -> None:
        self._seen: dict[str, deque[Any]] = defaultdict(lambda: deque(maxlen=each))

    def learn(self, message: Message) -> None:
        """Takes in every text and number of a message."""
        for field, value in message.ListFields():
            values = value if field.is_repeated else [value]
            if field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
                if not _is_map(field):
                    for inner in values[:5]:
                        self.learn(inner)
            else:
                self._seen[_named(message.DESCRIPTOR, field)].extend(values[:5])

    def recall(self, field: FieldDescriptor, chance: random.Random) -> Any | None:
        """A value that such a field once had; None where none is known."""
        seen = self._seen.get(_stem(field.name))
        return chance.choice(seen) if seen else None


def draw(kind: Descriptor, chance: random.Random, memory: Memory, depth: int = 0) -> Message:
    """A message of a kind; most fields are set, some to what can't be."""
    message: Message = GetMessageClass(kind)()
    filled = chance.random()
    chosen = {group.name: chance.choice(group.fields).name for group in kind.oneofs}
    for field in kind.fields:
        group = field.containing_oneof
        if (group is not None and chosen[group.name] != field.name) or chance.random() > filled or depth > DEEP:
            continue
        _fill(message, field, chance, memory, depth)
    return message


def spoilt(data: bytes, chance: random.Random) -> bytes:
    """A serialised message, cut off, lengthened or with some bits turned."""
    way = chance.randrange(3)
    if way == 0 or not data:
        return data[: chance.randint(0, len(data))]
    if way == 1:
        return data + chance.randbytes(chance.randint(1, 40))
    turned = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        turned[chance.randrange(len(turned))] ^= 1 << chance.randrange(8)
    return bytes(turned)


def _fill(message: Message, field: FieldDescriptor, chance: random.Random, memory: Memory, depth: int) -> None:
    if _is_map(field):
        assert field.message_type is not None
        kind = field.message_type.fields_by_name["value"]
        for _ in range(chance.randint(0, 3)):
            if kind.cpp_type != FieldDescriptor.CPPTYPE_MESSAGE:
                getattr(message, field.name)[text(chance)] = _scalar(kind, chance, memory)
    elif field.message_type is not None:
        count = chance.choice((0, 1, 1, 2, 30)) if field.is_repeated else 1
        inner = [draw(field.message_type, chance, memory, depth + 1) for _ in range(count)]
        if field.is_repeated:
            getattr(message, field.name).extend(inner)
        else:
            getattr(message, field.name).CopyFrom(inner[0])
    elif field.is_repeated:
        count = chance.choice((0, 1, 1, 2, 5, 200))
        getattr(message, field.name).extend(_scalar(field, chance, memory) for _ in range(count))
    else:
        setattr(message, field.name, _scalar(field, chance, memory))


def _scalar(field: FieldDescriptor, chance: random.Random, memory: Memory) -> Any:
    known = memory.recall(field, chance) if chance.random() < 0.6 else None
    if known is not None and _fits(field, known):
        return known
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return _octets(chance) if field.type == FieldDescriptor.TYPE_BYTES else text(chance)
    if field.enum_type is not None:
        return chance.choice([*(value.number for value in field.enum_type.values), 77, -1])
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return chance.random() < 0.5
    if field.cpp_type in _INTEGERS:
        low, high = _INTEGERS[field.cpp_type]
        return chance.choice((low, high, 0, 1, 2, 3, 40, 1000, chance.randint(low, high)))
    return chance.choice((0.0, -0.0, 1.0, 0.5, -1.0, math.nan, math.inf, -math.inf, 1e300, chance.random()))


def _fits(field: FieldDescriptor, value: object) -> bool:
    """Whether a field takes a value that another one of its name had."""
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return isinstance(value, bytes if field.type == FieldDescriptor.TYPE_BYTES else str)
    if field.cpp_type in _INTEGERS:
        low, high = _INTEGERS[field.cpp_type]
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    return False


def text(chance: random.Random) -> str:
    """One that nobody expects, of printable and other characters."""
    if chance.random() < 0.7:
        return chance.choice(_TEXTS)
    return "".join(chance.choices(string.printable + "äß€\u202e\u2028", k=chance.randint(1, 60)))


def _octets(chance: random.Random) -> bytes:
    return chance.choice((b"", b"\x00", b"\xff" * 100, chance.randbytes(chance.randint(1, 3000))))


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _named(kind: Any, field: FieldDescriptor) -> str:
    """`task_id` for the id of a MaskTask, as requests call it."""
    if field.name != "id":
        return _stem(field.name)
    return f"{re.findall('[A-Z][a-z]*', kind.name)[-1].lower()}_id"


def _stem(name: str) -> str:
    """`image_id` for `image_ids`, and the like."""
    return name.removesuffix("s")
