"""The wild stream: nine images in ten are of the training domain, the tenth goes wrong in one of the known ways."""

from collections.abc import Iterator
from itertools import count

from madseg.simulation.world import NEAR_DUPLICATE, OUT_OF_DOMAIN, TRAINING, WORLD, Scene, World, render

BLOCK = 500
"""Images for which one standing camera keeps sending frames of the same scene."""

_WORD = (1 << 64) - 1

_STREAM = 1_000_003
"""Keeps the stream's images apart from those of `render` with the same small seed, which the networks train on."""


def mode_of(seed: int, index: int, world: World = WORLD) -> str:
    """The mode of image `index`, drawn at the world's rates. Nothing is rendered: microseconds."""
    at = _share(seed, index)
    for mode, rate in world.rates:
        if at < rate:
            return mode
        at -= rate
    return TRAINING


def _share(seed: int, index: int) -> float:
    """A fixed pseudo-random number in [0, 1) (SplitMix64): a generator of its own would cost twenty times as much."""
    z = (seed * 0xD1342543DE82EF95 + (index + 1) * 0x9E3779B97F4A7C15) & _WORD
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _WORD
    return float((z ^ (z >> 31)) >> 11) * 2.0**-53


def original_of(seed: int, index: int, world: World = WORLD) -> int | None:
    """The earlier image of which a near-duplicate at `index` is a later frame: its block's first failure.

    None where the block has none before it; the image is then a frame of the training domain.
    """
    for earlier in range(index - index % BLOCK, index):
        if mode_of(seed, earlier, world) not in (TRAINING, NEAR_DUPLICATE, OUT_OF_DOMAIN):
            return earlier
    return None


def wild_scene(seed: int, index: int, world: World = WORLD) -> Scene:
    """Image `index` of the wild stream `seed`, whatever was asked for before.

    A near-duplicate is tagged with the index of its original, an image out of domain with the word that vetoes it.
    """
    mode = mode_of(seed, index, world)
    if mode != NEAR_DUPLICATE:
        scene = render(seed + _STREAM, index, mode, world)
        return Scene(scene.image, scene.truth, mode, (("veto", "out of domain"),) if mode == OUT_OF_DOMAIN else ())
    original = original_of(seed, index, world)
    if original is None:
        return render(seed + _STREAM, index, TRAINING, world)
    frame = render(seed + _STREAM, original, mode_of(seed, original, world), world, frame=index)
    return Scene(frame.image, frame.truth, mode, (("original", str(original)), ("original_mode", frame.mode)))


def wild_stream(seed: int, start: int = 0, stop: int | None = None, world: World = WORLD) -> Iterator[Scene]:
    """Images `start` to `stop` (without end if None) of the wild stream, in order, rendered as they are asked for."""
    for index in count(start) if stop is None else range(start, stop):
        yield wild_scene(seed, index, world)
