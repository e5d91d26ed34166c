"""What is asked of the versions in the end."""

from madseg.core.counterexamples import Used
from madseg.simulation.experiment.findings import beside
from madseg.simulation.experiment.kept import Result
from madseg.simulation.experiment.pictures import Pictures
from tests.simulation.experiment.tiny import SEED, TINY


def test_what_is_beside_a_used_image_is_known_too() -> None:
    """A later frame of it, and nothing else."""
    first, *others = Pictures(SEED, TINY).stream
    assert first.perceptual_hash is not None
    frame = Used("another", first.perceptual_hash ^ 0b101)
    assert beside([first, *others], [frame]) == {first.image_id}
    assert beside(others, [frame]) == frozenset()


def test_the_oracle_learns_from_all_its_masks(results: Result) -> None:
    """Each as often as a scene of S0."""
    oracle = results["arm-oracle"]
    assert oracle["share"] == oracle["masks"] / (oracle["masks"] + TINY.known)
