"""Training."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from madseg.core.label_map import decode, encode, from_dense
from madseg.core.taxonomy import VOID
from madseg.finetune.examples import Example, read_examples
from madseg.finetune.graph import Trainable
from madseg.finetune.network import Network
from madseg.finetune.recipe import Recipe, recipe
from madseg.finetune.train import Diverged, Step, Trained, criterion, train
from tests.finetune.small import make_run

QUICK = recipe(
    "modern", {"learning_rates": [0.05], "epochs": 6, "patience": 0, "colour": 0.0, "averages": [1.0], "batch": 2}
)


class Killed(Exception):
    """The process ends here."""


@pytest.fixture
def examples(folder: Path) -> list[Example]:
    """Of the small world."""
    return read_examples(folder)


Training = Callable[..., Trained]


@pytest.fixture
def training(source: Trainable, examples: list[Example], tmp_path: Path) -> Training:
    """Trains a new network from the same start; what is reported goes to `said`."""
    torch.set_num_threads(1)

    def run(how: Recipe = QUICK, name: str = "checkpoint", said: list[Step] | None = None, kill_at: int = 0) -> Trained:
        heard: list[Step] = [] if said is None else said

        def report(step: Step) -> None:
            heard.append(step)
            if kill_at and len(heard) == kill_at:
                raise Killed

        return train(Network(source), examples, how, 3, 5, tmp_path / name, report)

    return run


def test_it_learns_what_it_did_not_know(training: Training) -> None:
    """Blue; the figure is that on T0-select."""
    said: list[Step] = []
    found = training(said=said)
    assert found.before < 0.7
    assert found.selected > 0.9
    measured = [step for step in said if step.selected is not None]
    assert [step.epoch for step in measured] == [1, 2, 3, 4, 5, 6]
    assert found.selected == max(step.selected for step in measured if step.selected is not None)
    assert said[0].loss > said[-1].loss
    assert 0.5 < found.changed <= 1
    assert len(measured[-1].class_iou) == 3


def test_the_same_seed_gives_the_same_weights(training: Training) -> None:
    """To the bit, on one machine."""
    one, other = training(name="a"), training(name="b")
    assert all(np.array_equal(one.state[name], other.state[name]) for name in one.state)


@pytest.mark.parametrize("kill_at", [1, 5, 9, 14])
def test_a_run_that_was_killed_ends_as_it_would_have(training: Training, kill_at: int) -> None:
    """To the bit, whenever it was: within an epoch it begins that epoch again, between two it goes on."""
    how = replace(QUICK, learning_rates=(0.01, 0.03), epochs=3, optimiser="adamw")
    whole = training(how, name="whole")
    with pytest.raises(Killed):
        training(how, name="cut", kill_at=kill_at)
    again = training(how, name="cut")
    assert (again.learning_rate, again.epoch, again.selected) == (whole.learning_rate, whole.epoch, whole.selected)
    assert all(np.array_equal(whole.state[name], again.state[name]) for name in whole.state)


def test_the_best_learning_rate_is_taken(training: Training) -> None:
    """One that learns, and one that does nothing; each from the same start."""
    said: list[Step] = []
    found = training(replace(QUICK, learning_rates=(0.05, 1e-9)), said=said)
    assert found.learning_rate == 0.05
    assert {step.rate for step in said} == {1, 2}
    second = [step.selected for step in said if step.rate == 2 and step.selected is not None]
    assert second == [found.before] * QUICK.epochs


def test_patience_ends_what_gets_no_better(training: Training) -> None:
    """After so many epochs without a better one."""
    said: list[Step] = []
    training(replace(QUICK, learning_rates=(1e-9,), epochs=50, patience=3), said=said)
    assert max(step.epoch for step in said) == 3


def test_the_schedule_ends_at_nothing(training: Training) -> None:
    """The paper's polynomial, and a cosine after its warm-up."""
    for how in (replace(QUICK, schedule="poly", warm_up=0.0), replace(QUICK, schedule="cosine", warm_up=0.25)):
        said: list[Step] = []
        training(how, name=how.schedule, said=said)
        rates = [step.learning_rate for step in said]
        assert rates[-1] == pytest.approx(0, abs=1e-12)
        assert max(rates) <= 0.05
        peak = rates.index(max(rates))
        assert rates[peak:] == sorted(rates[peak:], reverse=True)


def test_averages_are_chosen_by_t0_select(training: Training) -> None:
    """Where the new weights forget, some of the old are taken; share 0 is the old version."""
    wild = replace(QUICK, learning_rates=(3.0,), epochs=1, clip_norm=0.0, averages=(0.0, 0.5, 1.0))
    found = training(wild)
    assert found.selected >= found.before
    assert found.average in (0.0, 0.5)
    assert (found.changed > 0) == (found.average > 0)


def test_the_teacher_holds_on_to_what_was_known(training: Training) -> None:
    """With a heavy weight the network says of S0 what the old one said: it moves less."""
    free = training(replace(QUICK, counterexample_share=0.5), name="free")
    held = training(replace(QUICK, counterexample_share=0.5, distillation=50.0), name="held")
    start = training(replace(QUICK, learning_rates=(1e-12,), epochs=1), name="start")

    def moved(found: Trained) -> float:
        return sum(float(np.abs(found.state[name] - start.state[name]).sum()) for name in found.state)

    assert moved(held) < moved(free)


def test_a_loss_that_is_no_number_ends_the_run(training: Training) -> None:
    """The sentence says where and what to do."""
    with pytest.raises(Diverged, match=r"the loss is .* at learning rate .*: try a smaller learning rate"):
        training(replace(QUICK, learning_rates=(1e30,), optimiser="sgd", clip_norm=0.0, warm_up=0.0))


def test_a_batch_that_is_all_void_teaches_nothing() -> None:
    """And is no division by nothing."""
    logits = torch.zeros(1, 3, 2, 2, requires_grad=True)
    loss = criterion(logits, torch.full((1, 2, 2), 255))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert (logits.grad == 0).all()


def test_picture_by_picture_gives_the_gradients_of_the_batch(
    training: Training, source: Trainable, examples: list[Example], tmp_path: Path
) -> None:
    """Networks whose graph takes no batches learn the same, also where pictures have more void than others."""
    for item in examples[::2]:
        drawn = decode(item.mask.read_bytes()).dense().copy()
        drawn[:10] = VOID
        item.mask.write_bytes(encode(from_dense(drawn)))
    how = replace(QUICK, optimiser="sgd", epochs=2, batch=4, counterexample_share=0.5, distillation=1.0)
    together = training(how)
    network = Network(source)
    network.batches = False
    apart = train(network, examples, how, 3, 5, tmp_path / "apart", lambda _: None)
    assert apart.selected == pytest.approx(together.selected, abs=0.02)
    assert all(np.allclose(apart.state[name], together.state[name], atol=1e-5) for name in apart.state)


def test_the_recipe_of_the_paper_runs(source: Trainable, tmp_path: Path) -> None:
    """Its three learning rates, few of its epochs."""
    folder = make_run(tmp_path / "paper", "paper2021")
    how = recipe("paper2021", {"epochs": 2})
    said: list[Step] = []
    found = train(Network(source), read_examples(folder), how, 3, 1, tmp_path / "c", said.append)
    assert {step.rate for step in said} == {1, 2, 3}
    assert found.learning_rate in (1e-5, 5e-5, 1e-4)
    assert found.average == 1.0
