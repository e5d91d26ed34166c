"""What people say of the candidates, and the masks that they draw: the raters and annotators of the generated world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from madseg.core.candidates import Candidate
from madseg.core.counterexamples import Scored, main_class
from madseg.core.label_map import LabelMap, from_dense
from madseg.core.opinion import mean_opinion
from madseg.simulation.experiment.pictures import Picture
from madseg.simulation.people.annotator import Annotator
from madseg.simulation.people.perception import quality
from madseg.simulation.people.rater import Judgement, Rater
from madseg.simulation.people.reviewer import Reviewer
from madseg.simulation.taxonomy import TAXONOMY

RATERS = 3
"""Grades that an image needs."""


@dataclass(frozen=True)
class People:
    """The people of one seed. Who is fourth stands in where one of the others can't judge."""

    seed: int

    @property
    def raters(self) -> tuple[Rater, ...]:
        """Three of them, and a stand-in."""
        return (
            Rater("ada", bias=0.2, inconsistency=0.4, seed=self.seed),
            Rater("ben", bias=-0.4, inconsistency=0.5, seed=self.seed),
            Rater("cleo", bias=0.1, inconsistency=0.7, carelessness=0.05, seed=self.seed),
            Rater("dora", inconsistency=0.5, seed=self.seed),
        )

    def score(
        self,
        candidates: Sequence[Candidate],
        pictures: Mapping[str, Picture],
        maps: Mapping[str, Sequence[LabelMap]],
        discrepancies: Mapping[str, float],
    ) -> list[Scored]:
        """Scores the target's label map of each candidate: the first of the `maps` of its id, one per network."""
        return [
            self._scored(pictures[item.image_id], maps[item.image_id], discrepancies[item.image_id])
            for item in candidates
        ]

    def _scored(self, picture: Picture, maps: Sequence[LabelMap], discrepancy: float) -> Scored:
        said = self._judgements(picture, maps[0])
        grades = [item.grade for item in said if item.grade is not None]
        opinion = mean_opinion(grades)
        return Scored(
            picture.image_id,
            opinion.mean if opinion else None,
            discrepancy,
            picture.perceptual_hash,
            main_class(maps, TAXONOMY),
            vetoed=any(item.vetoed for item in said),
            complete=len(grades) >= RATERS,
        )

    def _judgements(self, picture: Picture, shown: LabelMap) -> list[Judgement]:
        """In turn, until there are enough grades or nobody is left; one veto is enough."""
        seen, out = quality(picture.truth.dense(), shown.dense()), picture.out_of_domain
        found: list[Judgement] = []
        for rater in self.raters:
            found.append(rater.judge(picture.image_id, seen, out_of_domain=out))
            if found[-1].vetoed or sum(item.grade is not None for item in found) == RATERS:
                break
        return found

    def mask(self, picture: Picture) -> LabelMap:
        """A mask: drawn by one, checked by another, mended once."""
        drawer, checker = Annotator("fay", seed=self.seed), Reviewer("gus", seed=self.seed)
        truth = picture.truth.dense()
        drawn = drawer.draw(picture.image_id, truth)
        findings = checker.findings(picture.image_id, truth, drawn)
        return from_dense(drawer.mend(truth, drawn, [fault.place for fault in findings]))
