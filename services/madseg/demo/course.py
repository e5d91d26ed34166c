"""How large everything in the demo's rounds is, and how its target learns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from madseg.client import CampaignPlan
from madseg.client.values.finetune import GateBounds, RunPlan
from madseg.client.values.rounds import RoundPlan
from madseg.demo.labelling import DRAWERS, RATERS, SEED
from madseg.demo.training_sets import TrainingSets

CHANGES: Mapping[str, Any] = {
    "learning_rates": [1e-3],
    "epochs": 4,
    "patience": 0,
    "counterexample_share": 0.2,
    "class_balance": 0.0,
    "scale": 1.0,
    "colour": 0.0,
    "distillation": 0.0,
    "averages": [0.5, 0.75, 1.0],
}
"""What the demo changes of the recipe `modern`, whose small steps are for networks that have learned for days. Its own
network learned for minutes and has more to gain from S0, so larger steps need no teacher to hold on to it: one picture
in five is of S. With half of them of S the same rate won as much on wild pictures and lost .07 at home. T0-select knows
nothing of wild pictures, so at least half of the new weights are taken: it would now and then choose none of them."""

BOUNDS = GateBounds(negative_flips=0.15)
"""A stray speck of another class halves an image's mIoU, and small networks make many: of a hundred images of T0 about
ten swing by 0.1 between two versions that are as good as each other. The whole may fall by the usual 0.01."""


@dataclass(frozen=True)
class Course:
    """Counts are of images but for `rounds` and `per_ranking`, the places of each ranking that go into M.

    T takes `test_per_class` images of a main class, twice as many as usual: of this world's 12 classes some are never
    the largest in a picture. The random lane gets at most `lane` masks. `s0` scenes of the target's training are at
    hand, `t0` of the same domain are measured on, half of them to choose by and half to report. `changes` are settings
    of the recipe.
    """

    rounds: int = 2
    per_ranking: int = 7
    counterexamples: int = 50
    test_reserved: int = 40
    test_reported: int = 30
    test_per_class: int = 8
    lane: int = 100
    s0: int = 1000
    t0: int = 300
    double_share: float = 0.2
    changes: Mapping[str, Any] = field(default_factory=lambda: CHANGES)

    def plan(self, sets: TrainingSets, number: int) -> RoundPlan:
        """Of round `number` from 1; the one behind the last evaluates only."""
        last = number > self.rounds
        campaign = CampaignPlan(
            raters=len(RATERS),
            counterexamples=1 if last else self.counterexamples,  # nobody learns from them: a mask less to draw
            test_reserved=self.test_reserved,
            test_reported=self.test_reported,
            test_per_class=self.test_per_class,
            seed=SEED + number - 1,
        )
        training = RunPlan(
            s0=str(sets.s0), t0=str(sets.t0), recipe="modern", changes=self.changes, bounds=BOUNDS, seed=SEED
        )
        return RoundPlan(
            per_ranking=self.per_ranking,
            campaign=campaign,
            annotators=DRAWERS,
            double_share=self.double_share,
            training=training,
            evaluate_only=last,
        )
