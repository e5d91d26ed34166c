"""Pictures as data URIs."""

import base64
from dataclasses import replace
from io import BytesIO

import numpy as np
from PIL import Image

from madseg.cli.report.pictures import DIFFERENCE, difference, photo
from madseg.report.panels import label_map
from tests.cli.report.samples import LEGEND, finding, photograph, wire


def opened(uri: str) -> Image.Image:
    """The picture of a data URI."""
    return Image.open(BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_a_photograph_is_made_small() -> None:
    """At most so many pixels long, as WebP."""
    panel = photo(replace(finding(), picture=photograph(400, 200)), 100)
    assert panel is not None
    assert (panel.width, panel.height, opened(panel.uri).format) == (100, 50, "WEBP")


def test_a_label_map_has_its_classes_colours() -> None:
    """To the bit, in a paletted PNG; the words tell its largest classes."""
    panel = label_map(wire("112", "00."), LEGEND, "ours/2", 100)
    assert panel is not None
    picture = opened(panel.uri)
    assert picture.mode == "P"
    assert np.asarray(picture.convert("RGB")).tolist() == [
        [[0, 128, 128], [0, 128, 128], [64, 0, 0]],
        [[0, 0, 0], [0, 0, 0], [224, 224, 192]],
    ]
    assert panel.words == "Label map of ours/2: background 33%, bus 33%, <cat> 17%, void 17%"


def test_the_difference_shows_where_maps_disagree() -> None:
    """And says on how much of the picture; void is no disagreement."""
    shown = difference(replace(finding(), target_map=wire("1" * 40), competitor_map=wire("1" * 20 + "0" * 20)), 100)
    assert shown is not None
    assert "differ on 50% of the pixels" in shown.words
    pixels = np.asarray(opened(shown.uri).convert("RGB")).astype(int)
    # WebP is lossy: near is enough.
    assert np.abs(pixels[0, -5] - DIFFERENCE).max() < 60
    assert np.abs(pixels[0, 4] - DIFFERENCE).max() > 60
    void = difference(replace(finding(), target_map=wire("1."), competitor_map=wire("12")), 100)
    assert void is not None
    assert "differ on 0%" in void.words


def test_what_is_not_there_has_no_picture() -> None:
    """No photograph, no map, no difference."""
    assert photo(finding(picture=False), 100) is None
    assert label_map(None, LEGEND, "ours/2", 100) is None
    assert difference(replace(finding(), target_map=None), 100) is None
