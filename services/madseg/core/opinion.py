"""Mean opinion scores: what several people say of one label map (ITU-T P.910, absolute category rating).

The plain mean of the grades is the score, as in Wang et al. (2022, section 3.2); what is known of the raters
(`madseg.core.raters`) stands beside it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from madseg.core.errors import InvalidInput


class Grade(IntEnum):
    """The quality of a label map on the five-point scale of ITU-T P.910."""

    BAD = 1
    POOR = 2
    FAIR = 3
    GOOD = 4
    EXCELLENT = 5


class VetoReason(StrEnum):
    """Why an image is out of domain; OTHER needs words."""

    NO_CLASS = "no_class"
    CORRUPT = "corrupt"
    INAPPROPRIATE = "inappropriate"
    OTHER = "other"


LOWEST, HIGHEST = int(Grade.BAD), int(Grade.EXCELLENT)
"""The ends of the scale."""

_T_975 = (
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
    2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
)  # fmt: skip
"""97.5 % quantiles of Student's t distribution for 1 to 20 degrees of freedom."""

_NORMAL_975 = 1.959964


@dataclass(frozen=True, slots=True)
class MeanOpinion:
    """The mean opinion score of one label map: `mean` in [1, 5] of `grades` grades.

    `half_width` is half the width of its 95 % confidence interval, in grades; None with a single grade.
    """

    mean: float
    half_width: float | None
    grades: int


def mean_opinion(grades: Sequence[int]) -> MeanOpinion | None:
    """The mean opinion score of some grades; None without any. Their order changes no bit.

    Raises:
        InvalidInput: a grade isn't a whole number from 1 to 5.
    """
    for grade in grades:
        if not LOWEST <= grade <= HIGHEST or grade != int(grade):
            raise InvalidInput(f"a grade is a whole number from {LOWEST} to {HIGHEST}, got {grade}", field="grade")
    if not grades:
        return None
    return MeanOpinion(sum(grades) / len(grades), half_width(grades), len(grades))


def half_width(grades: Sequence[int]) -> float | None:
    """Half the width of the mean's 95 % confidence interval by Student's t; None with fewer than two grades.

    Three raters who agree give 0: the interval knows of the spread that was seen and of nothing else.
    """
    count = len(grades)
    if count < 2:
        return None
    # In whole numbers up to the root, so that the order of the grades changes no bit.
    variance = (count * sum(grade * grade for grade in grades) - sum(grades) ** 2) / (count * (count - 1))
    return student_975(count - 1) * math.sqrt(variance / count)


def student_975(freedom: int) -> float:
    """The 97.5 % quantile of Student's t distribution with `freedom` degrees of freedom, within 1e-4.

    Tabulated up to 20, by Cornish and Fisher's expansion about the normal distribution beyond (Abramowitz and Stegun
    1964, 26.7.5).

    Raises:
        InvalidInput: fewer than one degree of freedom.
    """
    if freedom < 1:
        raise InvalidInput(f"Student's t needs at least 1 degree of freedom, got {freedom}")
    if freedom <= len(_T_975):
        return _T_975[freedom - 1]
    z = _NORMAL_975
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
