"""What a network makes of pictures with masks: one confusion matrix a picture, which all figures come from."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from madseg.core.confusion import confusion
from madseg.core.label_map import from_dense
from madseg.finetune.examples import Example
from madseg.finetune.network import Network

AT_ONCE = 8
"""Pictures of a forward pass."""


def confusions(
    network: Network, examples: Sequence[Example], classes: int, device: torch.device | None = None
) -> NDArray[np.int64]:
    """(N, classes, classes) int64: pixels of truth i that the network calls j, per example in order.

    Void in the mask, and what no class of the network stands for in its answer, is left out.
    """
    grid, table = network.source.grid, np.append(network.source.table, 255).astype(np.uint8)
    found = np.zeros((len(examples), classes, classes), np.int64)
    for start in range(0, len(examples), AT_ONCE):
        chosen = examples[start : start + AT_ONCE]
        pictures = torch.from_numpy(np.stack([item.pixels(grid) for item in chosen]))
        with torch.no_grad():
            answers = network(pictures.to(device)).argmax(1).cpu().numpy()
        for offset, (item, answer) in enumerate(zip(chosen, answers, strict=True)):
            truth = item.label_map(grid, classes)
            found[start + offset] = confusion(truth, from_dense(table[answer]), classes)
    return found
