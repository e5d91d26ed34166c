"""Raters at once: nobody is given too much, no lease is lost, nothing counts twice."""

import os
import random
import threading
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import select

from madseg.adapters.databases import open_database
from madseg.client import CampaignPlan, CampaignState, Client, NotReady, Tally
from madseg.labelling.migrations import TABLES
from madseg.labelling.scoring.tables import ASSIGNMENTS, JUDGEMENTS
from madseg.ports import Database
from madseg.security.access import Role
from tests.labelling.fakes import neighbours
from tests.labelling.scoring.test_grpc_api import until
from tests.labelling.serving import serving

IMAGES = 300 if os.environ.get("MADSEG_SOAK") else 60
RATERS = 3


class Rater:
    """Judges as long as there is something; sends some judgements twice, gives some images back, undoes some."""

    def __init__(self, client: Client, seed: int) -> None:
        self._client, self._random = client, random.Random(seed)
        self.said: dict[str, int] = {}
        """By assignment, the grade that was acknowledged last."""
        self.failures: list[str] = []

    def work(self) -> None:
        """Until nothing is left."""
        try:
            while held := self._client.take_assignments(count=self._random.randint(1, 4)).assignments:
                if self._random.random() < 0.1:
                    self._client.return_assignments([held[-1].id])
                    continue
                grade = self._random.randint(1, 5)
                self._grade(held[0].id, grade)
                if self._random.random() < 0.05:
                    undone = self._client.undo_judgement()
                    del self.said[undone.id]
        except Exception as error:  # noqa: BLE001 (the test reads what went wrong in this thread)
            self.failures.append(f"{type(error).__name__}: {error}")

    def _grade(self, assignment: str, grade: int) -> None:
        answers: set[Tally] = set()
        for _ in range(1 + (self._random.random() < 0.1)):
            answers.add(self._client.grade(assignment, grade))
        self.said[assignment] = grade


@pytest.mark.soak
@pytest.mark.parametrize("people", [2, 10, 100])
def test_raters_at_once(database: Database, tmp_path: Path, people: int) -> None:
    """Each image gets what it needs and no more, each rater each image once, and all that was acknowledged is there."""
    with serving(database, neighbours(IMAGES), tmp_path) as served:
        plan = CampaignPlan(raters=min(RATERS, people), repeat_share=0.0, counterexamples=5, test_reserved=0)
        served.client("otto").create_campaign(plan=plan)
        raters = [Rater(served.client(f"rater {number}", Role.RATER), number) for number in range(people)]
        threads = [threading.Thread(target=rater.work) for rater in raters]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [rater.failures for rater in raters if rater.failures] == []
        for rater in raters:  # what was undone or given back at the very end
            rater.work()
        found = served.client("otto").campaign()
        assert (found.state, found.grades) == (CampaignState.SCORED, IMAGES * min(RATERS, people))
    with database.snapshot() as tx:
        rows = tx.execute(select(JUDGEMENTS).where(JUDGEMENTS.c.state == "in_force")).all()
        leased = tx.execute(select(ASSIGNMENTS).where(ASSIGNMENTS.c.state == "leased")).all()
    assert leased == []
    assert set(Counter(row.position for row in rows).values()) == {min(RATERS, people)}
    assert max(Counter((row.position, row.rater) for row in rows).values()) == 1
    promised = {assignment: grade for rater in raters for assignment, grade in rater.said.items()}
    assert {row.assignment_id: row.grade for row in rows} == promised


def test_one_assignment_judged_by_many_threads_counts_once(database: Database, tmp_path: Path) -> None:
    """The same rater, ten times at once, each time with another grade: one is taken, the others are refused."""
    with serving(database, neighbours(3), tmp_path) as served:
        served.client("otto").create_campaign(plan=CampaignPlan(raters=1, repeat_share=0.0))
        ada = served.client("ada")
        (held,) = ada.take_assignments().assignments
        outcomes: list[int | None] = []

        def judge(grade: int) -> None:
            try:
                ada.grade(held.id, grade)
                outcomes.append(grade)
            except NotReady:
                outcomes.append(None)

        threads = [threading.Thread(target=judge, args=(1 + number % 5,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (taken,) = {outcome for outcome in outcomes if outcome is not None}
        assert served.client("otto").campaign().grades == 1
        assert next(item.mean for item in served.client("otto").opinions() if item.grades) == taken


def test_two_services_on_one_database(database_url: str, tmp_path: Path) -> None:
    """Started by mistake, or for a moment while one replaces the other: all holds that holds with one."""
    around = neighbours(30)
    with ExitStack() as held:
        served = []
        for _ in range(2):
            database = held.enter_context(closing(open_database(database_url, "labelling")))
            database.prepare(TABLES, upgrade=True)
            served.append(held.enter_context(serving(database, around, tmp_path)))
        plan = CampaignPlan(raters=RATERS, repeat_share=0.0, counterexamples=5, test_reserved=2, test_reported=2)
        served[0].client("otto").create_campaign(plan=plan)
        token = {name: served[0].token(name, Role.RATER) for name in map("rater {}".format, range(6))}
        clients = [
            held.enter_context(Client(labelling=served[number % 2].address, token=shown))
            for number, shown in enumerate(token.values())
        ]
        raters = [Rater(client, number) for number, client in enumerate(clients)]
        threads = [threading.Thread(target=rater.work) for rater in raters]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for rater in raters:
            rater.work()
        assert [rater.failures for rater in raters if rater.failures] == []
        chosen = {item.image_id for item in served[0].client("otto").choose_sets().counterexamples}
        second = held.enter_context(Client(labelling=served[1].address, token=served[0].token("otto")))
        assert chosen == {item.image_id for item in second.choose_sets().counterexamples}
        assert {item.grades for item in second.opinions()} == {RATERS}
        until(lambda: around.excluded_for("training") == chosen)
