"""The world: any image of it by seed, index and mode, with its exact truth.

An image depends on (world, seed, index, mode) alone, so that image 7,000 needs no image before it.
"""

from dataclasses import dataclass

import numpy as np

from madseg.core.errors import InvalidInput
from madseg.simulation.drawing import Camera
from madseg.simulation.modes import RENDER
from madseg.simulation.paint import Labels, develop
from madseg.simulation.palette import palette_of

SIZE = 128
"""Height and width of every image: the canonical grid of the world, in pixels."""

TRAINING = "training"
NEAR_DUPLICATE = "near_duplicate"
OUT_OF_DOMAIN = "out_of_domain"

RATES = (
    ("night", 0.012),
    ("snow", 0.012),
    ("black_and_white", 0.008),
    ("close_up", 0.009),
    ("far_away", 0.008),
    ("rolled", 0.008),
    ("fenced", 0.007),
    ("repainted", 0.010),
    ("carnival", 0.006),
    ("gravel_yard", 0.008),
    ("poster", 0.006),
    (NEAR_DUPLICATE, 0.004),
    (OUT_OF_DOMAIN, 0.002),
)
"""Share of the wild stream that each failure mode has; the rest of it is the training domain."""

GRAIN = 0.012
"""Amplitude of the sensor noise, as a share of full scale."""


@dataclass(frozen=True)
class World:
    """What differs from world to world: the textures (0 has the shipped networks' training domain) and the rates."""

    textures: int = 0
    rates: tuple[tuple[str, float], ...] = RATES


WORLD = World()
"""The usual world, on which the shipped networks are trained."""


@dataclass(frozen=True, eq=False)
class Scene:
    """An image and what is true of it.

    `image` is (128, 128, 3) uint8 RGB; `truth` (128, 128) uint8 labels of TAXONOMY, 255 where nothing is asked;
    `mode` the name of the failure mode or "training"; `tags` say what else an image's source would know.
    """

    image: Labels
    truth: Labels
    mode: str
    tags: tuple[tuple[str, str], ...] = ()


def render(seed: int, index: int, mode: str = TRAINING, world: World = WORLD, *, frame: int = 0) -> Scene:
    """Image `index` of a mode. Frame 0 is the original; others are taken a moment later by an unsteady hand.

    Raises:
        InvalidInput: there is no such mode, or seed, index or frame is negative.
    """
    if mode not in RENDER:
        raise InvalidInput(f"mode must be one of {', '.join(RENDER)}, got {mode!r}", field="mode")
    if min(seed, index, frame) < 0:
        raise InvalidInput(f"seed, index and frame must be 0 or more, got {seed}, {index}, {frame}", field="index")
    kind = list(RENDER).index(mode)
    rng = np.random.default_rng((seed, index, kind, world.textures))
    picture, truth = RENDER[mode](rng, palette_of(world.textures), _camera(seed, index, frame))
    salt = int(rng.integers(1 << 20)) + 7919 * frame
    return Scene(develop(picture, GRAIN, salt), truth, mode)


def _camera(seed: int, index: int, frame: int) -> Camera:
    """The usual camera, or one moved by about a pixel."""
    if frame == 0:
        return Camera()
    hand = np.random.default_rng((seed, index, frame, 1)).uniform(-1.0, 1.0, 4)
    return Camera(64.0 + hand[0], 64.0 + hand[1], 1.0 + 0.01 * hand[2], 0.007 * hand[3])
