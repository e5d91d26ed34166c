"""What mining is worth where the truth is known: how often the mined images are failures, and how rare failures are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from madseg.client import Candidate
from madseg.core.confusion import confusion, mean_iou
from madseg.core.label_map import LabelMap

FAILED = 0.5
"""A prediction with a true mIoU below this is a failure: most of what is in the picture is wrong."""


@dataclass(frozen=True)
class Judged:
    """An image with its truth: the target's true mIoU in [0, 1], and the classes that truth or target show."""

    image_id: str
    true_miou: float
    classes: frozenset[str]

    @property
    def failed(self) -> bool:
        """True where the target failed on it."""
        return self.true_miou < FAILED


def judge(image_id: str, predicted: LabelMap, truth: LabelMap, names: Sequence[str]) -> Judged:
    """Judges a prediction by the truth; `names` are the taxonomy's class names in label order."""
    miou = mean_iou(confusion(truth, predicted, len(names)))
    return Judged(image_id, miou, frozenset(names[label] for label in {*truth.present, *predicted.present}))


@dataclass(frozen=True)
class ClassWorth:
    """Of one class: the images mined, the failures among them, and the failures among all `images` of the stream."""

    class_name: str
    mined: int
    mined_failures: int
    failures: int
    images: int

    @property
    def at_random(self) -> float | None:
        """Images to look at, drawn at random, to find as many failures of the class; None where there are none."""
        return self.mined_failures * self.images / self.failures if self.failures and self.mined_failures else None


def worth(candidates: Sequence[Candidate], judged: Mapping[str, Judged], ranked: Sequence[str]) -> list[ClassWorth]:
    """What the candidates of each class are worth against images drawn at random from the same stream."""
    rows = []
    for name in ranked:
        mined = {
            candidate.image_id
            for candidate in candidates
            if candidate.image_id in judged and any(place.key.class_name == name for place in candidate.placements)
        }
        failures = sum(1 for item in judged.values() if item.failed and name in item.classes)
        hits = sum(1 for image_id in mined if judged[image_id].failed)
        rows.append(ClassWorth(name, len(mined), hits, failures, len(judged)))
    return rows
