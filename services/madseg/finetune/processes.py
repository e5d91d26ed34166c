"""Several processes that train one network, one a GPU, with the environment that `torch.distributed` reads.

`madseg.finetune.ranks` starts them for the service, torchrun by hand. Alone, all of this does nothing.
"""

from collections.abc import Sequence

import torch
import torch.distributed as dist

from madseg.finetune.feeding import Batch


def device_of_process() -> torch.device:
    """The GPU that is this process's, else the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", dist.get_rank() % torch.cuda.device_count() if dist.is_initialized() else 0)


def own_share(batch: Batch) -> Batch:
    """What of a batch this process works on."""
    if not dist.is_initialized() or len(batch.pictures) < dist.get_world_size():
        return batch
    own = slice(dist.get_rank(), None, dist.get_world_size())
    return Batch(batch.pictures[own], batch.labels[own], batch.known[own])


def agreed(learned: Sequence[torch.nn.Parameter], loss: float) -> float:
    """The mean loss over all processes, whose mean gradients every one then has."""
    if not dist.is_initialized():
        return loss
    world = dist.get_world_size()
    for parameter in learned:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        dist.all_reduce(parameter.grad)
        parameter.grad /= world
    shared = torch.tensor(loss, device=learned[0].device)
    dist.all_reduce(shared)
    mean: float = shared.item() / world
    return mean
