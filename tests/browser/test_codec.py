"""The label-map codec of the pages does what that of Python does, on the vectors that both share and on random maps."""

import json
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from madseg.core.errors import InvalidLabelMap
from madseg.core.label_map import decode, encode, from_dense
from tests.browser.stage import Stage
from tests.vectors.label_map import FILE, vectors

Window = Callable[..., Page]
VECTORS: dict[str, list[dict[str, Any]]] = json.loads(FILE.read_text())

_LOAD = """
    const codec = await import("/static/codec.js");
    const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
    const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
"""


@pytest.fixture
def page(stage: Stage, window: Window) -> Page:
    """A window that may import the pages' modules."""
    found = window(900)
    found.goto(f"{stage.url}/#/nowhere")
    return found


def test_the_vectors_are_current() -> None:
    """`python -m tests.vectors.label_map` would change nothing."""
    assert vectors() == VECTORS


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["name"])
def test_python_reads_and_writes_the_vectors(vector: dict[str, Any]) -> None:
    """Bytes to pixels and back."""
    data, pixels = bytes.fromhex(vector["bytes"]), np.array(vector["pixels"], np.uint8)
    assert np.array_equal(decode(data).dense(), pixels)
    assert encode(from_dense(pixels)) == data


@pytest.mark.parametrize("vector", VECTORS["broken"], ids=lambda vector: vector["name"])
def test_python_refuses_the_broken_vectors(vector: dict[str, Any]) -> None:
    """With the reason."""
    with pytest.raises(InvalidLabelMap) as caught:
        decode(bytes.fromhex(vector["bytes"]))
    assert str(caught.value) == vector["says"]


def test_the_pages_read_and_write_the_vectors(page: Page) -> None:
    """Bytes to pixels and back, through runs."""
    found = page.evaluate(
        "async (vectors) => {"
        + _LOAD
        + """
            return vectors.map((vector) => {
                const map = codec.decode(bytes(vector.bytes));
                const pixels = codec.toDense(map);
                const again = codec.encode(codec.fromDense(pixels, map.height, map.width));
                const encoded = hex(codec.encode(map));
                return {pixels: [...pixels], size: [map.height, map.width], again: hex(again), encoded};
            });
        }""",
        VECTORS["valid"],
    )
    for vector, read in zip(VECTORS["valid"], found, strict=True):
        pixels = np.array(vector["pixels"])
        assert read["pixels"] == pixels.reshape(-1).tolist()
        assert read["size"] == list(pixels.shape)
        assert read["again"] == read["encoded"] == vector["bytes"]


def test_the_pages_refuse_the_broken_vectors(page: Page) -> None:
    """In the same words."""
    found = page.evaluate(
        "async (vectors) => {"
        + _LOAD
        + """
            return vectors.map((vector) => {
                try {
                    codec.decode(bytes(vector.bytes));
                    return "taken";
                } catch (error) { return `${error.name}: ${error.message}`; }
            });
        }""",
        VECTORS["broken"],
    )
    assert found == [f"InvalidLabelMap: {vector['says']}" for vector in VECTORS["broken"]]


def test_the_pages_agree_with_python_on_random_bytes_and_maps(page: Page) -> None:
    """Random maps give the same bytes; random changes to these are refused by both or read alike by both."""
    rng = random.Random(5)
    samples = [_mutated(rng, _random_map(rng)) for _ in range(400)]
    found = page.evaluate(
        "async (samples) => {"
        + _LOAD
        + """
            return samples.map((sample) => {
                try {
                    const map = codec.decode(bytes(sample));
                    return hex(codec.encode(codec.fromDense(codec.toDense(map), map.height, map.width)));
                } catch (error) { return error.message; }
            });
        }""",
        [sample.hex() for sample in samples],
    )
    assert found == [_python_says(sample) for sample in samples]


def _random_map(rng: random.Random) -> bytes:
    height, width = rng.randint(1, 12), rng.randint(1, 60)
    numbers = np.random.default_rng(rng.randrange(2**32))
    return encode(from_dense(numbers.integers(0, 4, (height, width), np.uint8)))


def _mutated(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(0, 2)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    # Bytes that ask for many pixels would only cost time.
    return bytes(changed) if max(changed[1:3]) < 0x80 else data


def _python_says(sample: bytes) -> str:
    try:
        return encode(from_dense(decode(sample).dense())).hex()
    except InvalidLabelMap as error:
        return str(error)
