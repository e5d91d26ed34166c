"""Over seeds, against figures computed by hand."""

import pytest

from madseg.core.evaluation import Estimate
from madseg.simulation.experiment.aggregate import gather
from tests.simulation.experiment.tiny import seed_result


def close(found: Estimate, mean: float, half: float) -> bool:
    """Whether an interval is mean plus or minus half."""
    wanted = pytest.approx((mean, mean - half, mean + half), abs=1e-4)
    return bool((found.value, found.low, found.high) == wanted)


def test_gains_have_a_t_interval_over_seeds() -> None:
    """Gains 0.1, 0.2 and 0.3: mean 0.2, standard deviation 0.1, half 4.3027 * 0.1 / sqrt(3) = 0.24842."""
    found = gather({0: seed_result(0.1, 0, 0), 1: seed_result(0.2, 0, 0), 2: seed_result(0.3, 0, 0)})
    gain = found.gains["mad"]
    assert close(gain.lane, 0.2, 0.24842)
    assert close(gain.report, -0.02, 0.024842)
    assert close(gain.modes["night"], 0.4, 0.49684)
    assert [item.value for item in found.rounds["mad"]] == pytest.approx([0.1, 0.2])


def test_leads_are_paired_within_a_seed() -> None:
    """Seeds differ a lot and the lead is the same in all: it has an interval of no width."""
    found = gather({0: seed_result(0.1, 0.05, 0.12), 1: seed_result(0.4, 0.35, 0.42)})
    assert close(found.leads["random"].lane, 0.05, 0)
    assert close(found.leads["entropy"].lane, -0.02, 0)
    assert close(found.leads["entropy"].report, 0.002, 0)
    assert "s0" not in found.leads


def test_tables_are_means_over_seeds() -> None:
    """T(i), the contest, the stability, the lane."""
    found = gather({4: seed_result(0, 0, 0), 2: seed_result(0, 0, 0)})
    assert found.seeds == (2, 4)
    assert [[item.value for item in row] for row in found.table] == [[0.2, 0.4], [0.5, 0.3]]
    assert found.contest["drawn"]["lead"].value == pytest.approx(0.1)
    assert "all" not in found.contest
    assert found.srcc == (None, 0.5, 1.0)
    assert found.unranked == {"night": (0, 6), "poster": (2, 2)}
    assert found.chosen["mad"]["posters_in_s"] == 1


def test_one_seed_has_no_interval() -> None:
    """It is unbounded."""
    found = gather({0: seed_result(0.1, 0, 0)})
    assert found.gains["mad"].lane.low == float("-inf")
