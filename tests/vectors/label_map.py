"""`python -m tests.vectors.label_map` writes `label_map.json`, with which Python's codec and the pages' are tested."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from madseg.core.errors import InvalidLabelMap
from madseg.core.label_map import decode, encode, from_dense

FILE = Path(__file__).with_name("label_map.json")

MAPS = {
    "one pixel": [[7]],
    "runs go on over the end of a row": [[0, 0, 3], [3, 3, 4]],
    "void at the border": [[255, 1, 1, 255], [255, 1, 2, 255]],
    "every pixel another": [[0, 1, 0], [1, 0, 1]],
    "one column": [[5], [5], [6]],
    "a length of two bytes": [[2] * 127 + [3] * 128 + [4] * 129],
    "a length of three bytes": [[9] * 200 for _ in range(100)],
}
BROKEN = {
    "no bytes": "",
    "version 0": "0001010001",
    "version 2": "0201010001",
    "version alone": "01",
    "no width": "0101",
    "no runs": "010101",
    "a label without length": "01010100",
    "too few pixels": "0101020001",
    "too many pixels": "0101010002",
    "too many in a second run": "01010200010102",
    "same label twice": "01010200010001",
    "length 0": "01010100000101",
    "length with a needless byte": "010101008100",
    "height with a needless byte": "018100010001",
    "height 0": "0100010001",
    "width 0": "0101000001",
    "too large": "01ffffffff7f010001",
    "too large by one row": "01818001808001",
    "six bytes": "01ffffffffff01",
    "five bytes that go on": "0101010080808080808001",
    "cut in a length": "01010100ff",
    "something behind": "01010100010101",
}


def vectors() -> dict[str, Any]:
    """Valid maps with their bytes and pixels, and broken bytes with what is said of them."""
    valid = [
        {"name": name, "bytes": encode(from_dense(np.array(pixels, np.uint8))).hex(), "pixels": pixels}
        for name, pixels in MAPS.items()
    ]
    broken = [{"name": name, "bytes": text, "says": _says(bytes.fromhex(text))} for name, text in BROKEN.items()]
    return {"valid": valid, "broken": broken}


def _says(data: bytes) -> str:
    try:
        decode(data)
    except InvalidLabelMap as error:
        return str(error)
    raise AssertionError(f"{data.hex()} is a label map")


if __name__ == "__main__":
    FILE.write_text(json.dumps(vectors(), separators=(",", ":")) + "\n")
