"""Everything that the arms of one seed share, and what a version is measured on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from madseg.core.confusion import mean_iou
from madseg.core.evaluation import image_mious
from madseg.core.label_map import LabelMap
from madseg.core.messages import VersionRef
from madseg.finetune.examples import Example, Part
from madseg.simulation.experiment.answers import Answers, Asking, Floats
from madseg.simulation.experiment.learning import Exercises
from madseg.simulation.experiment.makers import COMPETITORS
from madseg.simulation.experiment.people import People
from madseg.simulation.experiment.pictures import TARGET, Picture, Pictures
from madseg.simulation.experiment.sampling import Contests, compete
from madseg.simulation.experiment.settings import Settings

TRAINED = VersionRef(TARGET, 1)
"""The target as it was trained."""

BEFORE = VersionRef(TARGET, 2)
"""f(0), which every arm begins with: the trained target after one run of the recipe over S0 alone. What the recipe does
by itself, whatever it learns from, is in f(0) then, and no arm gains by it.
"""

RIVALS = tuple(VersionRef(name, 1) for name in COMPETITORS)


@dataclass(frozen=True)
class Lab:
    """One seed: pictures, networks below `root`, people, and files to learn from."""

    seed: int
    settings: Settings
    pictures: Pictures
    root: Path
    asking: Asking
    people: People
    exercises: Exercises
    _met: dict[VersionRef, Contests] = field(default_factory=dict, init=False)

    @cached_property
    def by_id(self) -> dict[str, Picture]:
        """The stream's images."""
        return {item.image_id: item for item in self.pictures.stream}

    @cached_property
    def judged_lane(self) -> list[Picture]:
        """The random lane without what people veto."""
        return [item for item in self.pictures.lane if not item.out_of_domain]

    def stream_answers(self, version: VersionRef) -> Answers:
        """What a version says of the stream."""
        return self.asking.ask(version, self.pictures.stream, "stream")

    def contests(self, version: VersionRef) -> Contests:
        """A version against all competitors over the stream; the last one asked for is kept."""
        if version not in self._met:
            self._met.clear()
            self._met[version] = self._compete(version)
        return self._met[version]

    def _compete(self, version: VersionRef) -> Contests:
        rivals = [(rival, self.stream_answers(rival)) for rival in RIVALS]
        return compete(self.pictures.stream, (version, self.stream_answers(version)), rivals, self.pictures.constraint)

    def maps(self, version: VersionRef, image_ids: Sequence[str]) -> dict[str, list[LabelMap]]:
        """Label maps of images of the stream: the version's first, then the competitors'."""
        places = {item.image_id: number for number, item in enumerate(self.pictures.stream)}
        said = [self.stream_answers(each) for each in (version, *RIVALS)]
        return {image_id: [answers.maps[places[image_id]] for answers in said] for image_id in image_ids}

    def mious(self, version: VersionRef, pictures: Sequence[Picture], name: str = "") -> Floats:
        """(N,) float64: true mIoU of each picture."""
        if not pictures:
            return np.zeros(0)
        return image_mious(self.asking.ask(version, pictures, name).confusions(pictures))

    def measured(self, version: VersionRef) -> dict[str, Any]:
        """A version on the random lane, image by image, on T0-report, and on fresh images of each mode."""
        lane = self.asking.ask(version, self.judged_lane, "lane").confusions(self.judged_lane)
        report = self.asking.ask(version, self.pictures.report, "report").confusions(self.pictures.report)
        probes = self.mious(version, self.pictures.probes, "probes")
        return {
            "lane": image_mious(lane).tolist(),
            "lane_of_data_set": mean_iou(lane.sum(0)),
            "report": mean_iou(report.sum(0)),
            "modes": _by_mode(self.pictures.probes, probes),
        }

    def t0(self) -> list[Example]:
        """T0-select, which training measures itself on."""
        return self.exercises.put(Part.SELECT, ((item, item.truth) for item in self.pictures.select))

    def known(self, count: int) -> list[Example]:
        """The first `count` pictures of S0."""
        return self.exercises.put(Part.S0, ((item, item.truth) for item in self.pictures.known[:count]))


def _by_mode(pictures: Sequence[Picture], values: Floats) -> dict[str, float]:
    """Mean of the values of each mode's pictures, in the order of first occurrence."""
    modes = list(dict.fromkeys(item.mode for item in pictures))
    return {mode: float(values[[item.mode == mode for item in pictures]].mean()) for mode in modes}
