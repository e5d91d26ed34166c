"""When to stop asking about an image: as soon as it can't be among S, whatever is still said of it.

S takes the n4 lowest mean opinions (Wang et al. 2022, Algorithm 1, lines 13 ff). Images that have all their grades set
a *bar*: the n4-th lowest mean among them. It can only fall as more images are decided. An image whose mean stays above
the bar even if every grade that it lacks is the lowest has n4 images before it for good, so S is the same as if it had
been asked about to the end. An image that could come level with the bar is asked on: ties go by other things.

Images of T are not in the running for S, and get all raters: they belong neither here nor into the bar. If one of them
is vetoed and an image of the bar takes its place, the bar rises, and the images must be looked at again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nsmallest

from madseg.core.errors import InvalidInput
from madseg.core.opinion import LOWEST


@dataclass(frozen=True, slots=True)
class Asked:
    """What has been said of an image so far: how many grades, their sum, and whether there is a veto in force."""

    image_id: str
    grades: int = 0
    total: int = 0
    vetoed: bool = False

    def decided(self, raters: int) -> bool:
        """Whether it has all its grades and no veto."""
        return not self.vetoed and self.grades >= raters

    def lowest_mean(self, raters: int) -> float:
        """Its mean if every grade that it lacks is the lowest; equal means are equal to the bit."""
        missing = max(0, raters - self.grades)
        return (self.total + LOWEST * missing) / (self.grades + missing)


def bar(images: Iterable[Asked], raters: int, size: int) -> float | None:
    """The `size`-th lowest mean of the images that have `raters` grades; None while fewer than `size` have.

    Raises:
        InvalidInput: `raters` or `size` below 1.
    """
    if raters < 1 or size < 1:
        raise InvalidInput(f"an image needs at least 1 rater and S at least 1 image, got {raters} and {size}")
    lowest = nsmallest(size, (image.lowest_mean(raters) for image in images if image.decided(raters)))
    return lowest[-1] if len(lowest) == size else None


def floor(images: Iterable[Asked], raters: int, size: int) -> float:
    """What the bar can't fall below: the `size`-th lowest of the means that the images in the running have at least.

    An image that lacks grades and whose lowest mean isn't above it needs one more grade, whatever the others get. Once
    no such image is left, those below have all their grades, the floor is the bar, and all others are hopeless. So
    whoever asks about such images first, in whatever order, asks for no grade that could have been saved. Infinite
    where there are fewer than `size` images.
    """
    lowest = nsmallest(size, (image.lowest_mean(raters) for image in images if not image.vetoed))
    return lowest[-1] if len(lowest) == size else float("inf")


def crowded(size: int, images: int, reserved: int) -> int:
    """Images of T to be expected among so many images that `size` others are: T is drawn blindly, and not yet known
    while images are asked about. Only the order in which they are depends on it."""
    return size if reserved >= images else -(-size * reserved // (images - reserved))


def hopeless(image: Asked, raters: int, at: float | None) -> bool:
    """Whether an image that lacks grades can't be among S any more, given the bar."""
    return at is not None and not image.vetoed and image.grades < raters and image.lowest_mean(raters) > at


def stopped(images: Iterable[Asked], raters: int, size: int) -> set[str]:
    """Ids of the images in the running for S that lack grades and need none. Costs a walk over them.

    More grades, of whichever images, never make a stopped one needed again; a late veto of a decided image does, or its
    loss to T.
    """
    everything = list(images)
    at = bar(everything, raters, size)
    return {image.image_id for image in everything if hopeless(image, raters, at)}


def needed(image: Asked, raters: int, at: float | None) -> int:
    """Grades that an image still needs, given the bar: none once it is vetoed, decided or hopeless."""
    return 0 if image.vetoed or hopeless(image, raters, at) else max(0, raters - image.grades)


@dataclass(frozen=True, slots=True)
class Saving:
    """What stopping has saved, and at what risk.

    `vetoes_missed` is the expected number of images that somebody would have vetoed among those stopped.
    """

    grades: int
    vetoes_missed: float


def saving(images: Iterable[Asked], raters: int, *, vetoes: int, judgements: int) -> Saving:
    """What it has saved on images that were stopped.

    `vetoes` of `judgements` are those of the fully rated random share: elsewhere who is asked depends on what was said.
    A judgement that wasn't asked for is taken to be a veto at their rate, independently of others.

    Raises:
        InvalidInput: more vetoes than judgements, or fewer than none.
    """
    if not 0 <= vetoes <= judgements:
        raise InvalidInput(f"vetoes must be 0..{judgements} of {judgements} judgements, got {vetoes}")
    rate = vetoes / judgements if judgements else 0.0
    missing = [max(0, raters - image.grades) for image in images if not image.vetoed]
    return Saving(sum(missing), sum(1 - (1 - rate) ** count for count in sorted(missing)))
