"""What fine-tuning shows to Prometheus, read from its table at a scrape: runs by state, and the last gate."""

import json
from collections.abc import Iterator

from sqlalchemy import func, select

from madseg.finetune.bounds import DROP
from madseg.finetune.runs import STATES
from madseg.finetune.tables import RUNS
from madseg.observing.readings import Figure, Reading
from madseg.ports import Database

RUNS_BY_STATE = Figure("madseg_finetune_runs", "Runs of fine-tuning by their state", ("state",))
T0_DROP = Figure(
    "madseg_finetune_t0_drop", "By how much mIoU on T0-report fell in the run that was judged last; below 0: it rose"
)
T0_DROP_ALLOWED = Figure("madseg_finetune_t0_drop_allowed", "By how much it was allowed to fall in that run")

FIGURES = (RUNS_BY_STATE, T0_DROP, T0_DROP_ALLOWED)


def figures(database: Database) -> Iterator[Reading]:
    """All of them from one snapshot; those of the gate only once there was one."""
    with database.snapshot() as tx:
        counts = {
            state: int(count) for state, count in tx.execute(select(RUNS.c.state, func.count()).group_by(RUNS.c.state))
        }
        judged = tx.execute(_JUDGED).scalar()
    yield from (RUNS_BY_STATE.at(counts.get(state, 0), state) for state in STATES)
    for check in json.loads(judged)["checks"] if judged else ():
        if check["name"] == DROP:
            yield T0_DROP.at(check["found"])
            yield T0_DROP_ALLOWED.at(check["allowed"])


_JUDGED = select(RUNS.c.result).where(RUNS.c.result.contains('"checks"')).order_by(RUNS.c.number.desc()).limit(1)
