"""The pictures of one seed: its world, the stream that is mined, and everything that is measured on."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from madseg.core.content import ContentConstraint, Method, learn
from madseg.core.label_map import LabelMap, from_dense
from madseg.core.preprocess import image_id, perceptual_hash
from madseg.simulation.experiment.settings import Settings
from madseg.simulation.modes import RENDER
from madseg.simulation.paint import Labels
from madseg.simulation.people.perception import shows_nothing
from madseg.simulation.stream import BLOCK, wild_scene
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.train import COURSES, HELD_OUT_SEED, TRAINING_SEED
from madseg.simulation.world import OUT_OF_DOMAIN, SIZE, TRAINING, Scene, World, render

TARGET = "unet"
"""The network that is repaired; the others compete."""

PROBE_SEED = 3
"""Seed of `render` for fresh images of each mode, apart from those that networks learn and are selected on."""


@dataclass(frozen=True, eq=False)
class Picture:
    """An image with what only the world knows of it: truth and mode."""

    image_id: str
    image: Labels
    truth: LabelMap
    mode: str
    perceptual_hash: int

    @property
    def out_of_domain(self) -> bool:
        """Whether it shows none of the classes."""
        return shows_nothing(self.truth.dense())


class Pictures:
    """All pictures of one seed, rendered when they are first asked for.

    The stream takes some 50 kB of memory an image.
    """

    def __init__(self, seed: int, settings: Settings) -> None:
        self._seed, self._settings = seed, settings
        self.world = World(textures=seed + 1)

    @cached_property
    def stream(self) -> list[Picture]:
        """What is mined."""
        return self._wild(0, self._settings.stream)

    @cached_property
    def lane(self) -> list[Picture]:
        """The random lane: a stretch of the stream that is never mined.

        It begins with a block of its own, so that none of it is a later frame of something mined.
        """
        start = -(-self._settings.stream // BLOCK) * BLOCK
        return self._wild(start, start + self._settings.lane)

    @cached_property
    def probes(self) -> list[Picture]:
        """Fresh images of every mode but what is out of domain."""
        modes = [mode for mode in RENDER if mode != OUT_OF_DOMAIN]
        return [self._drawn(PROBE_SEED, index, mode) for mode in modes for index in range(self._settings.probes)]

    @cached_property
    def known(self) -> list[Picture]:
        """S0: scenes that the target has learnt; those for the arm that learns from nothing else come last."""
        more = self._settings.rounds * self._settings.counterexamples
        return self._scenes(TRAINING_SEED, COURSES[TARGET].first, self._settings.known + more)

    @cached_property
    def select(self) -> list[Picture]:
        """T0-select."""
        return self._scenes(HELD_OUT_SEED, 0, self._settings.select)

    @cached_property
    def report(self) -> list[Picture]:
        """T0-report."""
        return self._scenes(HELD_OUT_SEED, self._settings.select, self._settings.report)

    @cached_property
    def constraint(self) -> ContentConstraint:
        """The content constraint, learnt from masks of the target's training scenes."""
        first = COURSES[TARGET].first
        masks = (self._scene(TRAINING_SEED, first + index) for index in range(self._settings.constraint))
        shares = (_shares(from_dense(scene.truth)) for scene in masks)
        return learn(shares, TAXONOMY.ranked, Method.QUARTILES).constraint

    def _wild(self, start: int, stop: int) -> list[Picture]:
        return _distinct(_picture(wild_scene(self._seed, index, self.world)) for index in range(start, stop))

    def _scenes(self, seed: int, first: int, count: int) -> list[Picture]:
        return [self._drawn(seed, index, TRAINING) for index in range(first, first + count)]

    def _drawn(self, seed: int, index: int, mode: str) -> Picture:
        return _picture(self._scene(seed, index, mode))

    def _scene(self, seed: int, index: int, mode: str = TRAINING) -> Scene:
        return render(seed, index, mode, self.world)


def _picture(scene: Scene) -> Picture:
    name = image_id(hashlib.sha256(scene.image.tobytes()).digest())
    return Picture(name, scene.image, from_dense(scene.truth), scene.mode, perceptual_hash(scene.image))


def _distinct(pictures: Iterable[Picture]) -> list[Picture]:
    """Each once, as intake does with equal bytes."""
    return list({item.image_id: item for item in pictures}.values())


def _shares(truth: LabelMap) -> dict[int, float]:
    return {label: area / SIZE**2 for label, area in truth.present.items()}
