"""`python -m deploy.sizing`: what a stream needs and costs, by its images a second, networks, and what a GPU does."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from deploy.sizing.bill import Prices, bill
from deploy.sizing.costs import measured
from deploy.sizing.plan import Plan, plan

RATES = (1.0, 10.0, 100.0, 1_000.0, 10_000.0)
BEGIN, END = "<!-- sizes: begin -->\n", "<!-- sizes: end -->\n"


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.sizing", description=__doc__)
    parser.add_argument("--rate", type=float, nargs="+", default=RATES, help="images a second, on average")
    parser.add_argument("--networks", type=int, default=4, help="the target and its competitors")
    parser.add_argument("--gpu-rate", type=float, default=200.0, help="images a second that a GPU does of one network")
    parser.add_argument("--core-price", type=float, default=Prices.core, help="of a core for an hour")
    parser.add_argument("--gpu-price", type=float, default=Prices.gpu, help="of a GPU for an hour")
    parser.add_argument("--gb-price", type=float, default=Prices.gigabyte, help="of a gigabyte for a month")
    parser.add_argument("--days", type=float, default=Prices.days, help="for how long pictures and records are kept")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables between the two lines of a page")
    given = parser.parse_args()
    if min(given.rate) <= 0 or given.networks < 2 or given.gpu_rate <= 0:
        parser.error("rates are above 0, and a target has at least one competitor")
    prices = Prices(given.core_price, given.gpu_price, given.gb_price, given.days)
    if min(prices.core, prices.gpu, prices.gigabyte, prices.days) < 0:
        parser.error("prices and days are 0 or more")
    costs = measured().of(given.networks)
    plans = [plan(rate, costs, given.gpu_rate) for rate in given.rate]
    text = f"{sizes(plans)}\n{bills(plans, prices)}"
    print(text, end="")
    if given.write:
        given.write.write_text(between(given.write.read_text(), text))
    return 0


def sizes(plans: Sequence[Plan]) -> str:
    """How many of each, as Markdown."""
    heads = ["images/s", "gateways", "predictors", "GPUs", "selectors", "partitions", "Kafka", "PostgreSQL", "S3"]
    heads += ["connections", "a day", "to the ranking", "the design ends"]
    return _table(heads, ["---:"] * (len(heads) - 1) + ["---"], map(_size, plans))


def bills(plans: Sequence[Plan], prices: Prices) -> str:
    """What they cost, as Markdown."""
    found = [(each.rate, bill(each, prices)) for each in plans]
    heads = ["images/s", "cores", "GPUs", "kept", "a month", "a million images"]
    rows = [
        [f"{rate:,g}", f"{due.cores:,.0f}", f"{due.gpus:,}", f"{due.gigabytes / 1e3:,.1f} TB",
         f"{due.month:,.0f}", f"{due.million:,.2f}"]
        for rate, due in found
    ]  # fmt: skip
    said = f"At {prices.core:g} a core and {prices.gpu:g} a GPU for an hour, {prices.gigabyte:g} a gigabyte for a month"
    return f"{said}, kept for {prices.days:g} days:\n\n{_table(heads, ['---:'] * len(heads), rows)}"


def between(page: str, text: str) -> str:
    """The page with another table.

    Raises:
        ValueError: it hasn't the two lines.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs the lines {BEGIN.strip()} and {END.strip()}")
    return before + begin + text + end + after


def _table(heads: list[str], aligned: list[str], rows: Iterable[list[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (heads, aligned, *rows))


def _size(found: Plan) -> list[str]:
    layout, cores, daily = found.layout, found.cores, found.daily
    return [
        f"{found.rate:,g}",
        *(f"{number:,}" for number in (layout.gateways, layout.predictors, layout.gpus, layout.selectors)),
        f"{layout.partitions:,}",
        *(f"{cores[name]:,.1f} cores" for name in ("kafka", "postgres", "s3")),
        f"{found.connections:,}",
        f"{sum(daily.values()) / 1e9:,.1f} GB",
        f"{found.outcome.median:.2f} s, p99 {found.outcome.p99:.2f} s",
        "; ".join(found.ends),
    ]


if __name__ == "__main__":
    sys.exit(main())
