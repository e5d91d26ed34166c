"""How a scene is made to look: the switches by which a failure mode leaves the training domain."""

from dataclasses import dataclass

from madseg.simulation.drawing import CHECKS, DOTS, STRIPES, Colour
from madseg.simulation.paint import DAYLIGHT
from madseg.simulation.palette import USUAL, Palette


@dataclass(frozen=True)
class Style:
    """Everything the painters of things ask for. The defaults are the training domain."""

    palette: Palette = USUAL
    light: Colour = DAYLIGHT
    night: bool = False
    snow: bool = False
    patterned: bool = False
    """Bold patterns on walls, vehicles and the ground, as no training image has them."""
    repainted: bool = False
    """Cars wear the buses' yellow, buses the cars' colours."""
    scale: float = 1.0
    """Size of every thing; the ground they stand on stays as large."""
    crowd: float = 1.0
    """How many things there are, against the usual number."""
    gravel: float = 0.10
    """How often a scene has a gravel yard."""
    yard: float = 1.0
    """Size of the gravel yard."""
    more_yards: int = 0
    """Gravel yards beside the one, nearer than the far ground, under the road."""
    driveable: float = 0.7
    """How often gravel is a road. Cars may use it or may not: nothing in the picture tells which."""
    always: tuple[int, ...] = ()
    """Classes that must occur."""


BOLD = (STRIPES, CHECKS, DOTS)
"""The patterns of a style that is `patterned`."""
