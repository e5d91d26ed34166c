"""Drawn pictures with the label maps that versions give of them, for the pages to show."""

import hashlib
import io
import random
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from madseg.core.label_map import encode, from_dense

SIDE = 513
"""Pixels of the canonical grid."""

CLASSES = (
    ("background", "#000000"),
    ("bicycle", "#008000"),
    ("bird", "#808000"),
    ("bus", "#008080"),
    ("car", "#808080"),
    ("cat", "#400000"),
    ("dog", "#400080"),
    ("person", "#c08080"),
    ("potted plant", "#004000"),
)
"""Name and colour by label, as in VOC."""

_PAINTS = {
    1: "#b8442f",
    2: "#e8e2d4",
    3: "#c93a2b",
    4: "#3c6e9f",
    5: "#6d5646",
    6: "#b99466",
    7: "#35506b",
    8: "#4d8f4a",
}

Object = tuple[int, int, int, int, int]
"""Label, left, top, width, height."""


def image_id(number: int) -> str:
    """32 hexadecimal digits."""
    return hashlib.sha256(f"scene {number}".encode()).hexdigest()[:32]


@lru_cache(maxsize=64)
def picture(image: str) -> bytes:
    """The scene as a JPEG."""
    rng = random.Random(image)
    hue = rng.randrange(3)
    sky = ((150, 190, 220), (214, 186, 160), (120, 138, 160))[hue]
    shade = np.linspace(1.0, 0.72, SIDE)[:, None, None]
    canvas = Image.fromarray(np.uint8(np.ones((SIDE, SIDE, 1)) * np.array(sky) * shade))
    draw = ImageDraw.Draw(canvas)
    horizon = rng.randint(240, 330)
    draw.rectangle((0, horizon, SIDE, SIDE), fill=((96, 110, 84), (120, 104, 88), (84, 86, 90))[hue])
    for left in range(-20, SIDE, 74):
        draw.rectangle((left, horizon - rng.randint(30, 160), left + 66, horizon), fill=(142, 138, 132))
    for item in objects(image):
        _shape(draw, item, _PAINTS[item[0]])
        _details(draw, item)
    noise = np.random.default_rng(int(image[:8], 16)).normal(0, 5, (SIDE, SIDE, 1))
    pixels = np.clip(np.asarray(canvas.filter(ImageFilter.GaussianBlur(0.8))) + noise, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


@lru_cache(maxsize=256)
def label_map(image: str, version: str) -> bytes:
    """What a version says of the scene, in the wire form: each has its own mistakes; "drawn" has none."""
    rng = random.Random(f"{image} {version}")
    canvas = Image.new("L", (SIDE, SIDE), 0)
    draw = ImageDraw.Draw(canvas)
    for label, left, top, width, height in objects(image):
        if version == "drawn":
            _shape(draw, (label, left, top, width, height), label)
            continue
        fate = rng.random()
        if fate < 0.25:
            continue
        shown = rng.choice((3, 4, 7, 6)) if fate < 0.4 else label
        grown = rng.randint(-18, 18)
        _shape(draw, (shown, left + rng.randint(-9, 9), top + grown, width + grown, height - grown), shown)
    for _ in range(0 if version == "drawn" else rng.randint(0, 3)):
        left, top = rng.randrange(440), rng.randrange(440)
        draw.ellipse((left, top, left + rng.randint(20, 60), top + rng.randint(14, 50)), fill=rng.randint(1, 8))
    draw.line((0, 0, SIDE, 0), fill=255, width=6)
    return encode(from_dense(np.asarray(canvas)))


def objects(image: str) -> list[Object]:
    """What stands in the scene."""
    rng = random.Random(f"objects {image}")
    found = []
    for _ in range(rng.randint(2, 4)):
        label = rng.randint(1, 8)
        width = rng.randint(90, 220) if label in {3, 4} else rng.randint(60, 130)
        height = int(width * (0.6 if label in {3, 4, 1} else 1.7 if label == 7 else 0.95))
        found.append(
            (label, rng.randint(10, SIDE - width - 10), rng.randint(200, max(201, 470 - height)), width, height)
        )
    return found


def _shape(draw: ImageDraw.ImageDraw, item: Object, fill: str | int) -> None:
    label, left, top, width, height = item
    right, bottom = left + max(width, 12), top + max(height, 12)
    if label in {3, 4}:
        draw.rounded_rectangle((left, top, right, bottom), radius=18, fill=fill)
    elif label == 7:
        draw.ellipse((left + width * 0.3, top, left + width * 0.7, top + width * 0.42), fill=fill)
        draw.rounded_rectangle(
            (left + width * 0.15, top + width * 0.36, right - width * 0.15, bottom), radius=14, fill=fill
        )
    elif label == 8:
        draw.ellipse((left, top, right, top + height * 0.7), fill=fill)
        draw.rectangle((left + width * 0.3, top + height * 0.6, right - width * 0.3, bottom), fill=fill)
    else:
        draw.ellipse((left, top + height * 0.25, right, bottom), fill=fill)
        draw.ellipse((right - width * 0.4, top, right, top + height * 0.55), fill=fill)


def _details(draw: ImageDraw.ImageDraw, item: Object) -> None:
    label, left, top, width, height = item
    if label in {3, 4}:
        for window in range(4):
            at = left + width * (0.08 + 0.23 * window)
            draw.rectangle((at, top + height * 0.14, at + width * 0.16, top + height * 0.45), fill="#cfdde4")
        for wheel in (0.2, 0.75):
            at = left + width * wheel
            draw.ellipse((at - 13, top + height - 14, at + 13, top + height + 12), fill="#22242a")
    if label == 7:
        draw.ellipse((left + width * 0.33, top + 3, left + width * 0.67, top + width * 0.4), fill="#d9a98a")
