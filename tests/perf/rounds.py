"""What a round costs beside people and training: mining, choosing, evaluating, releasing, replaying, and waiting."""

import time
from pathlib import Path

from madseg.client import Round, RunState
from tests.perf.rows import Row, share
from tests.pipeline.running import Up, until
from tests.rounds.loop import PICTURES, People, plan_of, settings_of, taken_in

ROUNDS = 3


class _Clocked(People):
    """People whose time counts."""

    spent = 0.0

    def act(self, found: Round) -> None:
        began = time.perf_counter()
        super().act(found)
        self.spent += time.perf_counter() - began


def measure(folder: Path) -> Row:
    """round_overhead_s: a round less people and training, on a real `madseg up`; the baseline is the whole round."""
    ours, whole = [], []
    for number in range(ROUNDS):
        root = folder / f"round-{number}"
        root.mkdir()
        with Up(root / "state", settings_of(root)) as up:
            client = up.start()
            people = _Clocked(up, taken_in(client))
            began, people.spent = time.perf_counter(), 0.0
            begun = client.start_round(plan_of(root))
            trained = _carried(up, people, begun.id)
            took = time.perf_counter() - began
            ours.append(took - people.spent - trained)
            whole.append(took)
    return share(
        "round_overhead_s",
        "s",
        ours,
        whole,
        f"{PICTURES} images, one competitor, a training of seconds; the baseline is the whole round",
    )


def _carried(up: Up, people: _Clocked, round_id: str) -> float:
    """Seconds that the round's training took, once the round is through."""
    training: list[float] = []

    def ended() -> bool:
        found = up.client.round(round_id)
        people.act(found)
        if found.run_id and up.client.run(found.run_id).state in (RunState.PREPARING, RunState.TRAINING):
            training.append(time.perf_counter())
        assert found.outcome in (None, "released"), found.notes
        return found.outcome is not None

    until(ended, 600)
    return training[-1] - training[0] if training else 0.0
