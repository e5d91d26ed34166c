"""Simulated raters: a grade for how good a label map looks, with the failings that raters have.

The model is that of ITU-T P.913, section 12.6: a grade is the quality plus the rater's bias plus noise of the rater's
inconsistency, rounded to the scale. Added to it are what real campaigns see: careless moments, vetoes, abstentions.
"""

from dataclasses import dataclass

import numpy as np

from madseg.simulation.people.chance import chance, spell_ms

SECONDS = 7.0
"""Mean time of a judgement (Wang et al. 2022, section 4.3)."""

VETO_SEEN = 0.97
"""Share of the pictures out of domain that a rater vetoes."""

VETO_WRONG = 0.003
"""Share of the other pictures that a rater vetoes all the same."""

ABSTAINS = 0.005
"""Share of pictures that a rater can't judge."""


@dataclass(frozen=True)
class Judgement:
    """What a rater says after `looked_ms` milliseconds: a grade 1..5, a veto, or neither, which is an abstention."""

    grade: int | None
    vetoed: bool
    looked_ms: int


@dataclass(frozen=True)
class Rater:
    """Somebody who judges.

    `bias` and `inconsistency` are in grades: the mean and the standard deviation of what is added to the quality.
    `carelessness` is the share of judgements that say nothing about the picture: any grade, each as likely.
    """

    name: str
    bias: float = 0.0
    inconsistency: float = 0.5
    carelessness: float = 0.02
    seed: int = 0

    def judge(self, image_id: str, quality: float, *, out_of_domain: bool = False, look: int = 0) -> Judgement:
        """Judges an image whose label map has a quality in [1, 5].

        The same image is judged the same again in the same `look` alone: 0 is the first time that it is shown.
        """
        rng = chance(self.seed, "rater", self.name, image_id, look)
        looked = spell_ms(rng, SECONDS)
        if rng.random() < self.carelessness:
            return Judgement(int(rng.integers(1, 6)), False, looked)
        if rng.random() < (VETO_SEEN if out_of_domain else VETO_WRONG):
            return Judgement(None, True, looked)
        if rng.random() < ABSTAINS:
            return Judgement(None, False, looked)
        heard = quality + self.bias + rng.normal(0.0, self.inconsistency)
        return Judgement(int(np.clip(np.rint(heard), 1, 5)), False, looked)
