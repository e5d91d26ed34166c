"""How many judgements a second the scoring service acknowledges, against bare transactions of SQLite."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from madseg.adapters.databases import open_database
from madseg.adapters.sqlite_wal import use_wal
from madseg.client import CampaignPlan, Client
from madseg.security.access import Role
from tests.labelling.fakes import add_set, neighbours
from tests.labelling.serving import serving
from tests.perf.rows import Row, seconds, share

RATERS = 8
"""People at work at once, each with a connection of their own."""
IMAGES = 200
"""In a run, each of which is graded by all of them."""
HELD = 4
"""Images that a rater leases at once, as the page does."""
RUNS = 5


def measure(folder: Path) -> Row:
    """scores_per_s: everything between a rater's key and the commit but the browser and HTTP."""
    stand_in, database = neighbours(IMAGES), open_database(f"sqlite:///{folder}/scores.db", "labelling")
    scores, bare = [], []
    with closing(database), serving(database, stand_in, folder) as served:
        operator = served.client("otto")
        raters = [served.client(f"rater-{number}", Role.RATER) for number in range(RATERS)]
        plan = CampaignPlan(raters=RATERS, counterexamples=20, test_reserved=10, test_reported=5)
        for run in range(RUNS + 1):
            # Images that nobody has seen: grades of earlier campaigns would be carried over.
            chosen = add_set(stand_in, range(run * IMAGES, (run + 1) * IMAGES), f"{run:032x}")
            campaign = operator.create_campaign(chosen.id, plan)
            took = seconds(_everybody(raters, campaign.id))
            inserted = seconds(lambda at=folder / f"bare-{run}.db": _insert(at, IMAGES * RATERS))  # type: ignore[misc]
            if run:  # the first one warms up
                scores.append(operator.campaign(campaign.id).grades / took)
                bare.append(IMAGES * RATERS / inserted)
    detail = (
        f"{RATERS} raters at once over gRPC, {IMAGES} images; baseline: a row a transaction into SQLite, one thread"
    )
    return share("scores_per_s", "1/s", scores, bare, detail)


def _everybody(raters: list[Client], campaign_id: str) -> Callable[[], object]:
    def judge(rater: Client) -> None:
        while held := rater.take_assignments(campaign_id, HELD).assignments:
            for assignment in held:
                rater.grade(assignment.id, 1 + int(assignment.image_id, 16) % 5, looked_ms=2000)

    def judge_all() -> None:
        with ThreadPoolExecutor(len(raters)) as pool:
            list(pool.map(judge, raters))

    return judge_all


def _insert(path: Path, rows: int) -> None:
    """In WAL mode with the service's durability: what is committed outlives the process."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        use_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("CREATE TABLE scores (id TEXT PRIMARY KEY, rater TEXT, grade INTEGER, at INTEGER)")
        for number in range(rows):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO scores VALUES (?, ?, ?, ?)", (f"{number:032x}", "ada", 3, number))
            connection.execute("COMMIT")
