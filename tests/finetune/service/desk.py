"""The service without its server: runs are begun, and turns taken by hand."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.finetune import runs
from madseg.finetune.runs import Plan, Run
from madseg.finetune.supervise import Supervisor
from madseg.ports import Database
from tests.contracts.launching import FakeLauncher
from tests.finetune.service.world import CARD, FIRST, SECOND, World
from tests.finetune.small import CLASSES, GRID

RESULT = {
    "passed": True,
    "reasons": [],
    "checks": [{"name": "agreement", "found": 1.0, "allowed": 0.999, "passed": True, "sentence": "all pixels agree"}],
    "t0_report": {
        "before": {"value": 0.5, "low": 0.4, "high": 0.6, "images": 5},
        "after": {"value": 0.75, "low": 0.7, "high": 0.8, "images": 5},
    },
    "data_sha256": "da" * 32,
    "parent_sha256": "fe" * 32,
    "code": "0.1",
}


class Desk:
    """`now` is in microseconds and stands still but for `wait`."""

    def __init__(self, database: Database, world: World) -> None:
        self.database, self.world, self.launcher = database, world, FakeLauncher()
        self.now = 10**15
        self.folders = world.root / "runs"
        self.supervisor = self.opened()

    def opened(self, **changed: Any) -> Supervisor:
        """A supervisor, as a service that starts has it."""
        where = (self.folders, self.world.repository, CLASSES, Size(*GRID))
        return Supervisor(self.database, self.world.around, self.launcher, *where, lambda: self.now, **changed)

    def plan(self, **changed: Any) -> Plan:
        """The plan of a run over the whole world."""
        world = self.world
        plan = Plan(VersionRef("small", 1), (FIRST, SECOND), str(world.s0), str(world.t0))
        return replace(plan, **changed)

    def start(self, run_id: str = "a1", key: str = "", **changed: Any) -> Run:
        """A run that is begun."""
        return runs.start(self.database, run_id, "otto", key, lambda: self.plan(**changed), self.now)

    def turn(self, times: int = 1) -> None:
        """Turns of the supervisor."""
        for _ in range(times):
            self.supervisor()

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += round(seconds * 1e6)

    def run(self, run_id: str = "a1") -> Run:
        """As it stands."""
        with self.database.snapshot() as tx:
            return runs.run(tx, run_id)

    def folder(self, run_id: str = "a1") -> Path:
        """A run's folder."""
        return self.folders / run_id

    def trained(self, run_id: str = "a1", **changed: Any) -> None:
        """Training comes to its end with this result, and a network."""
        (self.folder(run_id) / "bare.onnx").write_bytes(b"the network of " + run_id.encode())
        (self.folder(run_id) / "card.json").write_text(json.dumps(CARD))
        (self.folder(run_id) / "result.json").write_text(json.dumps({**RESULT, **changed}))
        self.launcher.die(run_id, 0)
