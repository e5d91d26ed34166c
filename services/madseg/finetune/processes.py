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
    """What of a batch this process works on: nothing where the batch has fewer pictures than there are processes."""
    if not dist.is_initialized():
        return batch
    own = slice(dist.get_rank(), None, dist.get_world_size())
    return Batch(batch.pictures[own], batch.labels[own], batch.known[own])


def agreed(learned: Sequence[torch.nn.Parameter], loss: float) -> float:
    """The sum of the losses of all processes, the sum of whose gradients every one then has."""
    if not dist.is_initialized():
        return loss
    for parameter in learned:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        dist.all_reduce(parameter.grad)
    shared = torch.tensor(loss, device=learned[0].device)
    dist.all_reduce(shared)
    return float(shared.item())
