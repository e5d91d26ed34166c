"""Simulated reviewers: they look a mask over and find most of what is wrong with it."""

from dataclasses import dataclass

from madseg.simulation.people.chance import chance
from madseg.simulation.people.objects import Labels
from madseg.simulation.people.perception import WORLDLY, Eye, Fault, faults


@dataclass(frozen=True)
class Reviewer:
    """Somebody who checks masks; `attention` is the share of faults that are found in one look."""

    name: str
    attention: float = 0.9
    seed: int = 0
    eye: Eye = WORLDLY

    def findings(self, image_id: str, truth: Labels, mask: Labels, revision: int = 1) -> list[Fault]:
        """What the reviewer finds wrong with a revision, what counts most first."""
        rng = chance(self.seed, "reviewer", self.name, image_id, revision)
        seen = [fault for fault in faults(truth, mask, self.eye) if fault.weight > 0]
        return [fault for fault in seen if rng.random() < self.attention]
