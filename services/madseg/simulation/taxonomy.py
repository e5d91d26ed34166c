"""The classes of the generated world: background and twelve kinds of thing, from a road to a bird.

This module and those that draw need numpy and numba alone, so that the stream runs where torch is not installed.
"""

from madseg.core.taxonomy import SegmentationClass, Taxonomy

_CLASSES = (
    SegmentationClass("background", (40, 44, 52), ranked=False),
    SegmentationClass("road", (128, 118, 140)),
    SegmentationClass("tree", (46, 139, 87)),
    SegmentationClass("house", (222, 120, 80)),
    SegmentationClass("water", (64, 140, 220)),
    SegmentationClass("car", (220, 50, 70)),
    SegmentationClass("person", (250, 200, 60)),
    SegmentationClass("sign", (170, 90, 200)),
    SegmentationClass("bird", (130, 220, 220)),
    SegmentationClass("bus", (255, 150, 30)),
    SegmentationClass("dog", (150, 100, 60)),
    SegmentationClass("boat", (240, 240, 250)),
    SegmentationClass("balloon", (250, 110, 180)),
)

TAXONOMY = Taxonomy("world", _CLASSES)
"""Label order is roughly that of how often a class occurs: the last ones are the tail. Background is not ranked."""

KEEP = -1
"""Label of what is painted without being a thing of its own (a shadow, a cloud): the truth below it stays."""

(BACKGROUND, ROAD, TREE, HOUSE, WATER, CAR, PERSON, SIGN, BIRD, BUS, DOG, BOAT, BALLOON) = range(len(TAXONOMY))
