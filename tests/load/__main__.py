"""`make load`: everything at once for half an hour at what the machine takes, then with many more senders.

First the senders keep the pipeline just full: a picture is sent as soon as fewer than `UNDER_WAY` wait for their place
in the rankings. Meanwhile rankings are asked for, and the memory of the services is read. Then nobody waits for the
pipeline any longer, and there are twice as many senders as a server takes calls: it sheds some, and at the end every
accepted picture must have been compared. The rows go into `build/bench.json`, beside those of `make bench`.
"""

import argparse
import json
import os
import random
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from madseg.cli.output import remark, show
from madseg.client import Client, Unavailable
from madseg.core.messages import VersionRef
from madseg.demo.running import Running
from madseg.demo.streaming import STALL_SECONDS
from madseg.predictor.repository import ModelRepository
from madseg.project import taxonomy_document
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import SIZE
from tests.load.pictures import Pictures
from tests.load.senders import send
from tests.perf.predicting import Bare, shipped
from tests.perf.rows import Row, seconds, share, shown

SENDERS = 4
LIMIT = 32
"""Calls that a server takes on at once (`MADSEG_MAX_CALLS`)."""

TOO_MANY_SENDERS = 2 * LIMIT
UNDER_WAY = 200
"""Pictures that may wait for their place in the rankings while the pipeline is kept just full."""

LOOK_SECONDS = 0.25
LOOKS = 200
"""Between two lines that say how far it is: about a minute."""

REST_SECONDS = 30.0
"""How long one sender sends a picture at a time with pauses: the baseline of times under load."""

SUSTAINED = (
    "for {:g} minutes, from upload to rankings, four networks; baseline: the networks alone, with nothing else on the "
    "machine"
)


@dataclass
class Watch:
    """What is seen of the services while pictures come: how many were compared, memory, and times of queries."""

    client: Client
    process: int
    compared: int = 0
    mib: list[tuple[float, float]] = field(default_factory=list)
    queries: list[float] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Until it is over."""
        rng, began = random.Random(1), time.monotonic()
        while not self.over.wait(LOOK_SECONDS):
            self.compared = self.client.selector_status().images
            self.mib.append((time.monotonic() - began, resident_mib(self.process)))
            if self.compared:
                self.queries.append(query(self.client, rng))
            if len(self.mib) % LOOKS == 0:
                remark(f"after {self.mib[-1][0]:.0f} s: {self.compared:,} compared, {self.mib[-1][1]:,.0f} MiB")


def main() -> None:
    """Prints the rows, and what was accepted, shed and lost; fails where anything was lost."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--output", type=Path, default=Path("build/bench.json"))
    options.add_argument("--state", type=Path, default=Path("build/load"))
    options.add_argument("--minutes", type=float, default=30.0)
    given = options.parse_args()
    state = given.state / f"{time.time_ns():x}"
    state.mkdir(parents=True)
    (state / "taxonomy.json").write_text(json.dumps(taxonomy_document(TAXONOMY)))
    settings = {
        "MADSEG_TAXONOMY": str(state / "taxonomy.json"),
        "MADSEG_GRID": f"{SIZE}x{SIZE}",
        "MADSEG_MAX_CALLS": str(LIMIT),
    }
    running = Running(state / "state", settings)
    with running as client:
        rows = _measure(client, running.pid, given.minutes * 60)
    known = json.loads(given.output.read_text()) if given.output.exists() else []
    new = [row.document() for row in rows]
    names = {row.name for row in rows}
    given.output.write_text(json.dumps([*(item for item in known if item["name"] not in names), *new], indent=1) + "\n")
    show(*shown(rows), f"Written to {given.output}")


def _measure(client: Client, process: int, lasting: float) -> list[Row]:
    remark("Measuring the networks alone")
    pictures, bare = Pictures(5), _bare_rate()
    watch = Watch(client, process)
    watching = threading.Thread(target=watch.run, daemon=True)
    watching.start()
    remark(f"Keeping the pipeline full for {lasting / 60:g} minutes")
    began = time.monotonic()
    sent = send(client, pictures, SENDERS, began + lasting, lambda taken: taken - watch.compared < UNDER_WAY)
    _wait_until_compared(watch, len(sent.image_ids))
    rate = len(sent.image_ids) / (time.monotonic() - began)
    queries, mib = watch.queries[:], watch.mib[:]
    remark(f"{rate:.0f} images a second. Now {TOO_MANY_SENDERS} senders that wait for no ranking")
    began = time.monotonic()
    more = send(client, pictures, TOO_MANY_SENDERS, began + lasting / 10)
    accepted = [*sent.image_ids, *more.image_ids]
    remark(f"{len(more.image_ids) / (time.monotonic() - began):.0f} a second accepted, {more.shed:,} calls shed")
    assert more.shed, "twice as many calls as a server takes, and none was shed"
    _wait_until_compared(watch, len(accepted))
    watch.over.set()
    watching.join()
    _check(client, accepted)
    rest = send(client, pictures, 1, time.monotonic() + REST_SECONDS, _paced)
    _wait_until_compared(Watch(client, process), len(accepted) + len(rest.image_ids))
    resting = [query(client, random.Random(2)) for _ in range(len(rest.seconds))]
    return [
        share("intake_sustained_per_s", "images a second", [rate], [bare], SUSTAINED.format(lasting / 60)),
        _tail("intake_p99_ms", sent.seconds, rest.seconds, f"{SENDERS} senders"),
        _tail("query_p99_ms_under_load", queries, resting, "pages of 25"),
        _growth(mib),
    ]


def _paced(_taken: int) -> bool:
    time.sleep(0.1)
    return True


def query(client: Client, rng: random.Random) -> float:
    """Seconds that the first page of some ranking takes."""
    summary = rng.choice(client.rankings())
    key = summary.key
    return seconds(lambda: client.ranking_page(key.target, key.competitor, key.defender, key.class_name, page_size=25))


def resident_mib(process: int) -> float:
    """Memory that a process holds, without its children, MiB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _bare_rate() -> float:
    """Images a second through the shipped networks, with nothing around them."""
    root, _, scenes, _ = shipped()
    bare = Bare(root, [VersionRef(name, 1) for name in ModelRepository(root).names()], os.cpu_count() or 1)
    bare.run(scenes)
    return statistics.median(len(scenes) / seconds(lambda: bare.run(scenes)) for _ in range(15))


def _wait_until_compared(watch: Watch, images: int) -> None:
    """Raises Unavailable where nothing more has been compared for two minutes."""
    moved, last = time.monotonic(), -1
    while (compared := watch.client.selector_status().images) < images:
        if compared != last:
            moved, last = time.monotonic(), compared
        if time.monotonic() - moved > STALL_SECONDS:
            raise Unavailable(f"{compared:,} of {images:,} images compared, and no more for {STALL_SECONDS} s")
        time.sleep(LOOK_SECONDS)


def _check(client: Client, accepted: Sequence[str]) -> None:
    """Each accepted picture is kept, once, and every version has answered for it.

    Raises:
        AssertionError: something was lost, or is there twice.
    """
    assert len(set(accepted)) == len(accepted)
    assert set(client.images()) == set(accepted)
    status = client.selector_status()
    assert (status.dead_letters, status.lag) == (0, 0)
    assert {(item.stored, item.failed) for item in status.versions} == {(len(accepted), 0)}


def _tail(name: str, ours: Sequence[float], rest: Sequence[float], what: str) -> Row:
    """99th percentiles, milliseconds."""
    mine, others = (statistics.quantiles(values, n=100)[98] * 1e3 for values in (ours, rest))
    detail = f"{what}, {len(ours):,} calls; baseline: {len(rest):,} calls one by one with nothing else going on"
    return share(name, "ms", [mine], [others], detail)


def _growth(mib: Sequence[tuple[float, float]]) -> Row:
    """Memory in the last tenth of the time against that in the second tenth: the first one warms up."""
    lasting = mib[-1][0]
    early, late = (
        [value for second, value in mib if begin * lasting <= second < (begin + 0.1) * lasting] for begin in (0.1, 0.9)
    )
    detail = f"of `madseg up`, over {lasting / 60:.0f} minutes; baseline: in the second tenth of the time"
    return share("memory_growth_30min", "MiB", [statistics.median(late)], [statistics.median(early)], detail)


if __name__ == "__main__":
    main()
