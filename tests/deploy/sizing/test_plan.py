"""Layouts for a rate, and the page that has them."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.sizing import __main__ as command
from deploy.sizing.bill import HOURS, Prices, bill
from deploy.sizing.costs import Costs, measured
from deploy.sizing.plan import LARGEST_POOL, SINGLE, plan
from madseg.adapters.databases.postgres import KEPT, MOST

ROOT = Path(__file__).parents[3]

COSTS = Costs(
    "a processor", 4, {"gateway": 0.004, "predictor": 0.01, "selector": 0.001},
    {"kafka": 0.001, "postgres": 0.002, "s3": 0.001, "triton": 0.002}, {"kafka": 5e3, "postgres": 1e3, "s3": 1e5}, 0.01,
)  # fmt: skip


@pytest.mark.parametrize("rate", [1.0, 30.0, 1000.0])
def test_a_plan_keeps_up_with_bursts(rate: float) -> None:
    """And names what each part takes."""
    found = plan(rate, COSTS, 200.0)
    assert found.outcome.keeps_up
    assert found.outcome.p99 < 5
    assert found.layout.gateways >= 2
    assert found.layout.partitions >= max(found.layout.predictors, found.layout.selectors)
    assert found.cores["postgres"] == pytest.approx(rate * 0.002 / 0.45)
    assert found.daily["s3"] == pytest.approx(rate * 86400 * 1e5)
    assert found.connections == KEPT * (found.layout.gateways + found.layout.selectors + SINGLE)
    assert not found.ends


def test_twice_the_networks_cost_twice_what_comes_after_the_gateway() -> None:
    """Which has one picture to read however many look at it."""
    more = COSTS.of(8)
    assert more.services == {"gateway": 0.004, "predictor": 0.02, "selector": 0.002}
    assert more.servers["s3"] == 0.001
    assert plan(100.0, more, 200.0).layout.gpus >= 2 * plan(100.0, COSTS, 200.0).layout.gpus - 1


def test_where_the_design_ends_is_said() -> None:
    """One database writes, and it has a process for each connection."""
    heavy = replace(COSTS, servers={**COSTS.servers, "postgres": 0.5})
    (reason,) = plan(100.0, heavy, 2000.0).ends
    assert "PostgreSQL would need" in reason
    many = plan(100.0, replace(COSTS, services={**COSTS.services, "gateway": 1.5}), 2000.0)
    assert many.ends == (f"PostgreSQL may be asked for {many.most:,} connections",)
    assert many.most == MOST * (many.layout.gateways + many.layout.selectors + SINGLE) > LARGEST_POOL


def test_a_bill_has_every_core_gpu_and_byte() -> None:
    """A million images cost the less the more of them come, down to what each takes."""
    found = plan(10.0, COSTS, 200.0)
    cores = sum(found.cores.values()) + 1
    assert bill(found, Prices(core=1, gpu=0, gigabyte=0)).month == pytest.approx(HOURS * cores)
    assert bill(found, Prices(core=0, gpu=1, gigabyte=0)).month == HOURS * found.layout.gpus
    kept = bill(found, Prices(core=0, gpu=0, gigabyte=2, days=10))
    assert kept.gigabytes == pytest.approx(10 * 86400 * 10 * (5e3 + 1e3 + 1e5) / 1e9)
    assert kept.month == pytest.approx(2 * kept.gigabytes)
    assert kept.million == pytest.approx(kept.month / (10 * 3600 * HOURS) * 1e6)
    few, many = (bill(plan(rate, COSTS, 200.0), Prices()).million for rate in (1.0, 100.0))
    assert many < few


@pytest.mark.parametrize("words", [["--rate", "0"], ["--networks", "1"], ["--gpu-rate", "-1"], ["--days", "-1"]])
def test_what_can_not_be_is_refused(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command's own message."""
    monkeypatch.setattr(sys, "argv", ["sizing", *words])
    with pytest.raises(SystemExit):
        command.main()


def test_the_page_has_what_the_command_prints(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From the costs on record, with nothing set."""
    page = ROOT / "docs" / "sizing.md"
    copy = tmp_path / "sizing.md"
    copy.write_text(page.read_text())
    monkeypatch.setattr(sys, "argv", ["sizing", "--write", str(copy)])
    assert command.main() == 0
    assert copy.read_text() == page.read_text()


def test_the_record_says_what_it_was_measured_on() -> None:
    """And every figure is one."""
    costs = measured()
    assert costs.processor
    assert set(costs.services) == {"gateway", "predictor", "selector"}
    assert set(costs.servers) == {"kafka", "postgres", "s3", "triton"}
    assert all(0 < value < 1 for value in (*costs.services.values(), *costs.servers.values(), costs.batch_seconds))
