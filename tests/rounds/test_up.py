"""A whole round over a real `madseg up`, with people who are simulated, and one more that evaluates alone."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is absent: make .venv/.train")

from madseg.client import RoundOutcome, RoundStep, TestKind, Version
from tests.pipeline.running import Up, until
from tests.rounds.loop import People, carry, plan_of, settings_of, taken_in

OLD, NEW = Version("small", 1), Version("small", 2)


@pytest.mark.timeout(600)
def test_a_round_makes_a_version_that_is_better_where_nobody_mined(tmp_path: Path) -> None:
    """It is killed while it trains and goes on; Table 1 has both versions on T, on the random lane and on T0."""
    with Up(tmp_path / "state", settings_of(tmp_path)) as up:
        client = up.start()
        world, plan = taken_in(client), plan_of(tmp_path)
        people = People(up, world)
        assert world.lane
        client.add_mask_tasks(world.lane, "random_lane")
        people.draw()
        begun = client.start_round(plan, idempotency_key="first")

        def training() -> bool:
            found = up.client.round(begun.id)
            people.act(found)
            assert found.outcome is None, (found.notes, up.tail())
            return found.step is RoundStep.TRAINING and bool(found.run_id)

        until(training, 200)
        up.kill()
        client = up.start()
        assert client.start_round(plan, idempotency_key="first").id == begun.id
        ended = carry(up, people, begun.id)
        assert (ended.outcome, ended.released, ended.target) == (RoundOutcome.RELEASED, NEW, OLD), ended.notes
        assert [item.step for item in ended.steps] == [step for step in RoundStep if step is not RoundStep.UNKNOWN]
        assert (ended.counterexamples, ended.test, ended.started_by) == (6, 6, "operator")
        assert len(list(client.runs())) == 1
        assert client.run(ended.run_id).started_by == "rounds"
        found = client.standings()
        assert [item.kind for item in found.sets] == [TestKind.ROUND, TestKind.RANDOM_LANE, TestKind.T0_REPORT]
        assert [item.images for item in found.sets[:2]] == [4, len(world.lane)]
        figures = {(item.set, item.version): item for item in found.standings}
        assert all(item.clean for item in found.standings)
        for at in (0, 1):
            assert figures[at, NEW].figure.value > figures[at, OLD].figure.value
        gains = {item.set: item for item in found.differences}
        assert (gains[1].before, gains[1].after, gains[1].gain.images) == (OLD, NEW, len(world.lane))
        results = client.results("round", 1)
        assert {item.version.model for item in results} == {"small", "better"}

        last = client.start_round(plan_of(tmp_path, evaluate_only=True))
        ended = carry(up, people, last.id)
        assert (ended.outcome, ended.target, ended.run_id) == (RoundOutcome.EVALUATED, NEW, "")
        assert [item.round for item in client.standings().sets if item.kind is TestKind.ROUND] == [1, 2]
        assert up.terminate() == 0
