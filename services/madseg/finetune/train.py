"""The training of one run, from top to bottom (Wang et al. 2022, section 4.1).

For each learning rate of the recipe the network begins where the old version ended, learns from S and S0, and is
measured on T0-select after every epoch. The best epoch of the best rate is taken, then averaged with the old version
where the recipe says so. After every epoch everything is on disk, so a run that is killed goes on where it was.

Several GPUs: started by `madseg.finetune.ranks` or by torchrun, each process takes its share of every batch and the
gradients are added up, each by its weight in the batch, so that many learn what one would.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from madseg.core.confusion import mean_iou
from madseg.core.errors import MadsegError, Unavailable
from madseg.core.taxonomy import VOID
from madseg.finetune.checkpoint import Progress, State
from madseg.finetune.evaluate import confusions
from madseg.finetune.examples import Example, Part
from madseg.finetune.feeding import Batch, Feeding
from madseg.finetune.network import Network
from madseg.finetune.processes import agreed, device_of_process, own_share
from madseg.finetune.recipe import Recipe


class Diverged(MadsegError):
    """The loss is not a number any more: the learning rate is too large for this network."""


@dataclass(frozen=True)
class Step:
    """How far a run is; losses are means over the epoch so far, `selected` the mIoU on T0-select, [0, 1]."""

    rate: int
    rates: int
    epoch: int
    epochs: int
    step: int
    steps: int
    learning_rate: float
    loss: float
    selected: float | None = None
    class_iou: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Trained:
    """What training gave: the weights, and by which rate, epoch and average; `before` and `selected` on T0-select.

    `changed` is the share of the weights that differ from the old version's, [0, 1].
    """

    state: State
    learning_rate: float
    epoch: int
    average: float
    before: float
    selected: float
    changed: float


def train(
    network: Network,
    examples: Sequence[Example],
    recipe: Recipe,
    classes: int,
    seed: int,
    checkpoint: Path,
    report: Callable[[Step], None],
) -> Trained:
    """Trains `network` in place and returns what was chosen.

    Raises:
        Diverged: the loss is not a number.
        Unavailable: memory didn't suffice; the message says what takes less.
        InvalidInput: a picture or mask that doesn't fit.
    """
    device = device_of_process()
    network.to(device)
    old = network.state()
    teacher = _teacher(network, device) if recipe.distillation else None
    select = [item for item in examples if item.part is Part.SELECT]
    feeding = Feeding(examples, recipe, network.source.grid, classes, network.source.table)
    progress = Progress.read(checkpoint) or Progress(before=_measure(network, select, classes, device)[0])
    try:
        for rate in range(progress.rate, len(recipe.learning_rates)):
            if rate != progress.rate or not progress.running:
                progress.begin(rate, old)
            network.restore(progress.running)
            optimiser, schedule = _optimiser(network, recipe, rate, recipe.epochs * len(feeding))
            if progress.optimiser is not None:
                optimiser.load_state_dict(progress.optimiser)
                schedule.load_state_dict(progress.schedule)
            for epoch in range(progress.epoch, recipe.epochs):
                if recipe.patience and epoch - progress.best_of_rate[1] >= recipe.patience > 0 and epoch:
                    break
                loss = _one_epoch(network, teacher, optimiser, schedule, feeding, recipe, (seed, rate, epoch), report)
                selected, per_class = _measure(network, select, classes, device)
                progress.ended(epoch, selected, network.state(), optimiser.state_dict(), schedule.state_dict())
                progress.write(checkpoint)
                report(_step(recipe, rate, epoch, len(feeding), len(feeding), optimiser, loss, selected, per_class))
            progress.next_rate()
    except torch.OutOfMemoryError as error:
        raise Unavailable(
            f"the memory of {device} doesn't suffice for batches of {recipe.batch}: set a smaller batch ({error})"
        ) from error
    return _averaged(network, old, progress, recipe, select, classes, device)


def _one_epoch(
    network: Network,
    teacher: Network | None,
    optimiser: torch.optim.Optimizer,
    schedule: Any,
    feeding: Feeding,
    recipe: Recipe,
    seed: tuple[int, int, int],
    report: Callable[[Step], None],
) -> float:
    """One pass; the mean loss."""
    network.train()
    total, steps = 0.0, len(feeding)
    for step, batch in enumerate(feeding.epoch(seed), 1):
        optimiser.zero_grad(set_to_none=True)
        loss = _gradients(network, teacher, batch, recipe)
        if not math.isfinite(loss):
            raise Diverged(
                f"the loss is {loss} at learning rate {optimiser.param_groups[0]['lr']:g}, epoch {seed[2] + 1}, "
                f"step {step}: try a smaller learning rate; the old version stays"
            )
        if recipe.clip_norm:
            nn.utils.clip_grad_norm_(network.learned(), recipe.clip_norm)
        optimiser.step()
        schedule.step()
        total += loss
        report(_step(recipe, seed[1], seed[2], step, steps, optimiser, total / step))
    return total / max(1, steps)


def _gradients(network: Network, teacher: Network | None, batch: Batch, recipe: Recipe) -> float:
    """Fills the gradients of one batch and returns its loss. Where the graph takes no batches, picture by picture.

    A piece counts by its part of the pixels off void, and of the pictures, as in a mean over the whole batch.
    """
    device = network.learned()[0].device
    own, drawn = own_share(batch), _drawn(batch.labels)
    size = len(own.pictures)
    pieces = [slice(0, size)] if network.batches and size else [slice(start, start + 1) for start in range(size)]
    total = 0.0
    for piece in pieces:
        pictures, labels = own.pictures[piece].to(device), own.labels[piece].to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=_half(recipe, device)):
            logits = network(pictures).float()
            loss = criterion(logits, labels) * (_drawn(own.labels[piece]) / max(1, drawn))
            if teacher is not None and own.known[piece].any():
                known, weight = own.known[piece].to(device), recipe.distillation * (len(pictures) / len(batch.pictures))
                loss = loss + weight * _divergence(logits, teacher, pictures, known, recipe.temperature)
        loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
        total += float(loss.detach())
    return agreed(network.learned(), total)


def _drawn(labels: torch.Tensor) -> int:
    return int((labels != VOID).sum())


def criterion(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy off void; 0 where all is void."""
    if not bool((labels != VOID).any()):
        return logits.sum() * 0
    return nn.functional.cross_entropy(logits, labels, ignore_index=VOID)


def _divergence(
    logits: torch.Tensor, teacher: Network, pictures: torch.Tensor, known: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Mean Kullback-Leibler divergence per pixel from what the old network says of the pictures of S0."""
    with torch.no_grad():
        taught = torch.log_softmax(teacher(pictures[known]).float() / temperature, 1)
    learned = torch.log_softmax(logits[known] / temperature, 1)
    each = nn.functional.kl_div(learned, taught, reduction="none", log_target=True).sum(1)
    # Of all pictures of the batch, those of S have none.
    return each.mean() * known.float().mean() * temperature**2


def _optimiser(network: Network, recipe: Recipe, rate: int, steps: int) -> tuple[torch.optim.Optimizer, Any]:
    learning_rate, learned = recipe.learning_rates[rate], network.learned()
    optimiser: torch.optim.Optimizer
    if recipe.optimiser == "sgd":
        optimiser = torch.optim.SGD(learned, learning_rate, recipe.momentum, weight_decay=recipe.weight_decay)
    else:
        optimiser = torch.optim.AdamW(learned, learning_rate, weight_decay=recipe.weight_decay)
    warm_up = round(recipe.warm_up * steps)

    def factor(step: int) -> float:
        if step < warm_up:
            return (step + 1) / warm_up
        left = max(0.0, 1 - (step - warm_up) / max(1, steps - warm_up))
        if recipe.schedule == "poly":
            return float(left**recipe.poly_power)
        return (1 - math.cos(math.pi * left)) / 2

    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, factor)


def _measure(
    network: Network, examples: Sequence[Example], classes: int, device: torch.device
) -> tuple[float, tuple[float | None, ...]]:
    """mIoU of the data set, and the IoU of each class that it shows."""
    network.eval()
    total = confusions(network, examples, classes, device).sum(0)
    union = total.sum(0) + total.sum(1) - np.diag(total)
    per_class = tuple(float(total[k, k] / union[k]) if union[k] else None for k in range(classes))
    return mean_iou(total), per_class


def _averaged(
    network: Network,
    old: State,
    progress: Progress,
    recipe: Recipe,
    select: Sequence[Example],
    classes: int,
    device: torch.device,
) -> Trained:
    """The best epoch, or what of its averages with the old weights T0-select likes best; ties go to the new."""
    found: Trained | None = None
    for share in sorted(recipe.averages, reverse=True):
        state = {name: share * value + (1 - share) * old[name] for name, value in progress.best.items()}
        network.restore(state)
        selected = _measure(network, select, classes, device)[0]
        if found is None or selected > found.selected:
            rate = recipe.learning_rates[progress.best_rate]
            where = (rate, progress.best_epoch + 1, share, progress.before, selected)
            found = Trained(state, *where, _changed(old, state))
    assert found is not None
    network.restore(found.state)
    return found


def _changed(old: State, new: State) -> float:
    return float(sum((new[name] != old[name]).sum() for name in old) / sum(value.size for value in old.values()))


def _teacher(network: Network, device: torch.device) -> Network:
    teacher: Network = network.twin().to(device)
    for parameter in teacher.parameters():
        parameter.requires_grad_(False)
    teacher.eval()
    return teacher


def _step(
    recipe: Recipe,
    rate: int,
    epoch: int,
    step: int,
    steps: int,
    optimiser: torch.optim.Optimizer,
    loss: float,
    selected: float | None = None,
    class_iou: tuple[float | None, ...] = (),
) -> Step:
    learning_rate = float(optimiser.param_groups[0]["lr"])
    where = (rate + 1, len(recipe.learning_rates), epoch + 1, recipe.epochs, step, steps)
    return Step(*where, learning_rate, loss, selected, class_iou)


def _half(recipe: Recipe, device: torch.device) -> bool:
    """bfloat16 pays on GPUs alone."""
    return recipe.precision == "bfloat16" and device.type == "cuda" and torch.cuda.is_bf16_supported()
