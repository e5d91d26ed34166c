"""One seed from its world to its results, a file a step; a run that was killed goes on with the step it was in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from madseg.core.messages import VersionRef
from madseg.simulation.experiment.answers import Asking
from madseg.simulation.experiment.arms import run_known, run_labelled, run_oracle, tests_of, version
from madseg.simulation.experiment.findings import contest, discrepancy_on_lane, ranking_stability
from madseg.simulation.experiment.kept import Kept, Result
from madseg.simulation.experiment.lab import BEFORE, RIVALS, TRAINED, Lab
from madseg.simulation.experiment.learning import Exercises, learn
from madseg.simulation.experiment.makers import make_networks
from madseg.simulation.experiment.people import People
from madseg.simulation.experiment.pictures import Pictures
from madseg.simulation.experiment.settings import LABELLED, Settings


def steps_of(settings: Settings) -> list[str]:
    """The names of a seed's steps, in order."""
    arms = [f"arm-{name}" for name in settings.arms]
    duel = ["contest"] if "entropy" in settings.arms else []
    return ["networks", "before", *arms, "tests", *duel, "stability", "lane"]


def run_seed(seed: int, settings: Settings, folder: Path, threads: int, heard: Callable[[str], None]) -> Result:
    """Runs what isn't there yet below `folder`; all results by the names of their steps. `heard` is told of each step.

    Raises:
        Conflict: something there was made with other settings.
    """
    kept = Kept(folder, settings.digest, heard)
    torch.set_num_threads(threads)
    pictures = Pictures(seed, settings)
    asking = Asking(folder / "models", folder / "answers", threads)
    lab = Lab(
        seed, settings, pictures, folder / "models", asking, People(seed), Exercises(folder / "exercises")
    )  # fmt: skip
    try:
        return _run(lab, kept, folder)
    finally:
        asking.close()


def _run(lab: Lab, kept: Kept, folder: Path) -> Result:
    settings = lab.settings
    found: Result = {}

    def step(name: str, compute: Callable[[], Result]) -> Result:
        found[name] = kept.get(name, compute)
        return dict(found[name])

    step("networks", lambda: _networks(lab, folder))
    step("before", lambda: lab.measured(BEFORE))
    sizes: list[int] | None = None
    for arm in settings.arms:
        done = step(f"arm-{arm}", _arm(lab, arm, sizes))
        if arm == LABELLED[0]:
            sizes = [item["candidates"] for item in done["rounds"]]
    ours = found["arm-mad"]
    tests = step("tests", lambda: tests_of(lab, "mad", ours["tests"], ours["learned"]))
    if "entropy" in settings.arms:
        used = _used(ours) | _used(found["arm-entropy"])
        finals = version("mad", settings.rounds), version("entropy", settings.rounds)
        step("contest", lambda: contest(lab, *finals, used))
    step("stability", lambda: ranking_stability(lab, _finals(settings), tests["tests"][-1]))
    step("lane", lambda: discrepancy_on_lane(lab))
    return found


def _networks(lab: Lab, folder: Path) -> Result:
    """Makes them, f(0) among them; how good each is at home."""
    settings = lab.settings
    make_networks(folder, lab.seed, lab.pictures.world, settings)
    examples = lab.known(settings.known) + lab.t0()
    settled = learn(lab.root, TRAINED, BEFORE, examples, settings.modern(), lab.seed)
    versions = (TRAINED, BEFORE, *RIVALS)
    report = {str(each): float(lab.mious(each, lab.pictures.report, "report").mean()) for each in versions}
    return {"report": report, "settled": settled}


def _arm(lab: Lab, arm: str, sizes: list[int] | None) -> Callable[[], Result]:
    if arm == "s0":
        return lambda: run_known(lab)
    if arm == "oracle":
        return lambda: run_oracle(lab)
    return lambda: run_labelled(lab, arm, sizes)


def _used(arm: dict[str, Any]) -> frozenset[str]:
    return frozenset(arm["learned"]).union(*arm["tests"])


def _finals(settings: Settings) -> dict[str, VersionRef]:
    """The versions that are ranked: what every arm ended with, what all began with, and the competitors."""
    arms = {name: version(name, 1 if name == "oracle" else settings.rounds) for name in settings.arms}
    return {"before": BEFORE, **arms, **{item.model: item for item in RIVALS}}
