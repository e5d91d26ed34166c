"""A picture of simple things, and what a label map may get wrong of it."""

import numpy as np

from madseg.simulation.people.objects import Labels
from madseg.simulation.taxonomy import BUS, CAR, HOUSE, PERSON

SIDE = 100


def street() -> Labels:
    """A house of 30 x 30, a car of 12 x 24 and a person of 20 x 8 pixels."""
    truth = np.zeros((SIDE, SIDE), np.uint8)
    truth[10:40, 10:40] = HOUSE
    truth[60:72, 10:34] = CAR
    truth[60:80, 60:68] = PERSON
    return truth


def without(label: int) -> Labels:
    """The street with everything of a label missing."""
    shown = street()
    shown[shown == label] = 0
    return shown


def misnamed() -> Labels:
    """The street with the car called a bus."""
    shown = street()
    shown[shown == CAR] = BUS
    return shown


def with_ghost(side: int) -> Labels:
    """The street with a car of side x side pixels that isn't there."""
    shown = street()
    shown[84 : 84 + side, 30 : 30 + side] = CAR
    return shown


def shifted(by: int) -> Labels:
    """The street with everything some pixels too far to the right."""
    return np.roll(street(), by, axis=1)
