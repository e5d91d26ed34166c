"""JSON of any size, value by value."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madseg.core.errors import InvalidInput
from madseg.exchange import json_walk
from madseg.exchange.json_walk import items, walk
from madseg.exchange.limits import MAX_LINE_BYTES

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=9)
SPACES = st.sampled_from([None, 1, "\t"])


class Drops(io.BytesIO):
    """A file that gives a few bytes at a time, so that everything is cut somewhere."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self._size = size

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self._size)


def walked(content: bytes) -> list[Any]:
    """The values of an object's lists."""
    return [item.value for item in walk(io.BytesIO(content), "it") if item.listed]


@given(st.lists(VALUES), SPACES, st.booleans(), st.integers(1, 9))
def test_items_are_those_of_json(values: list[Any], indent: int | str | None, ascii_only: bool, size: int) -> None:
    """Wherever a read ends; and each lies where the walk says."""
    content = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    if b"\xed" in content:
        return  # half a character, which is no text
    found = list(items(Drops(content, size), "it"))
    assert values == [item.value for item in found]
    assert values == [json.loads(content[item.start : item.end]) for item in found]


@given(st.dictionaries(st.text(), VALUES), SPACES, st.integers(1, 9))
def test_an_object_is_that_of_json(value: dict[str, Any], indent: int | str | None, size: int) -> None:
    """Its lists item by item, the rest as it is."""
    made: dict[str, Any] = {}
    for item in walk(Drops(json.dumps(value, indent=indent).encode(), size), "it"):
        if item.listed:
            made[item.key].append(item.value)
        else:
            made[item.key] = item.value
    assert value == made


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "ends too early"),
        ("7", "an object is expected"),
        ("[]", "an object is expected"),
        ('{"a": [1, 2', "ends too early"),
        ('{"a": [{"b": 1', "Expecting"),
        ('{"a": [1, 2]', "ends too early"),
        ('{"a": [1 2]}', "a comma or ]"),
        ('{"a": [1,, 2]}', "Expecting value"),
        ('{"a": [1], "a": [2]}', "'a' stands twice"),
        ('{"a": [{"b": 1, "b": 2}]}', "'b' twice"),
        ('{"a": [1]} {"a"', "nothing may follow"),
        ("{1: 2}", "a key and a colon"),
        ('{"a" 2}', "a key and a colon"),
        ('{"a": [' + "7" * 5000 + "]}", "integer"),
    ],
)
def test_what_is_no_json_is_refused(text: str, reason: str) -> None:
    """With the place, and what is wrong there."""
    with pytest.raises(InvalidInput, match=f"it is no JSON that can be read, behind byte .*{reason}"):
        walked(text.encode())


def test_text_that_is_not_utf_8_is_refused() -> None:
    """Also where it ends within a character; what marks UTF-8 at the beginning is none of it."""
    assert walked(b'\xef\xbb\xbf{"a": [1]}') == [1]
    for content in (b'{"a": ["\xff"]}', b'{"a": ["\xc3', '{"a": [1]}'.encode("utf-16")):
        with pytest.raises(InvalidInput, match="UTF-8"):
            walked(content)


@pytest.mark.parametrize("open_bracket", ["[", '{"a":'])
def test_what_goes_too_deep_is_refused(open_bracket: str) -> None:
    """It would end the process's stack."""
    with pytest.raises(InvalidInput, match="recursion"):
        walked(b'{"a": [' + open_bracket.encode() * 200_000)


def test_a_value_without_end_is_refused_after_its_limit() -> None:
    """Not after the whole file."""
    read = 0

    class Endless(io.BytesIO):
        """A text in quotes that never ends."""

        def read(self, size: int | None = -1) -> bytes:
            nonlocal read
            piece = b'{"a": ["' if not read else b"x" * (size or 0)
            read += len(piece)
            return piece

    with pytest.raises(InvalidInput, match=f"more than {MAX_LINE_BYTES} bytes"):
        list(walk(Endless(), "it"))
    assert read < 4 * MAX_LINE_BYTES


def test_an_object_of_very_many_keys_is_refused() -> None:
    """They are remembered, as none may come twice."""
    made = {str(number): 0 for number in range(json_walk._MAX_KEYS + 1)}
    with pytest.raises(InvalidInput, match="more than 1000 keys"):
        walked(json.dumps(made).encode())
