"""The release gate: what a new version must hold before it is released. Each check has a figure and a bound.

A refusal is no failure of the run: the old version keeps serving, and the reasons are on record.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray

from madseg.core.confusion import mean_iou
from madseg.core.evaluation import Estimate, image_mious, of_data_set
from madseg.finetune.bounds import DROP, Bounds
from madseg.finetune.examples import Example
from madseg.finetune.network import Network

AGREEMENT = 0.999
"""Share of pixels on which the file, as a server runs it, must say what torch says."""


TURNS = 15
"""Times that each version is timed."""


@dataclass(frozen=True)
class Check:
    """One check: what was found, what is allowed, and whether it holds."""

    name: str
    found: float
    allowed: float
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """All checks, and the figures on T0-report before and after with their intervals."""

    checks: tuple[Check, ...]
    before: Estimate
    after: Estimate

    @property
    def passed(self) -> bool:
        """Whether the version may be released."""
        return all(check.passed for check in self.checks)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it may not."""
        return tuple(check.sentence for check in self.checks if not check.passed)


def judge(
    network: Network,
    old: onnx.ModelProto,
    new: onnx.ModelProto,
    report: Sequence[Example],
    before: NDArray[np.int64],
    after: NDArray[np.int64],
    changed: float,
    bounds: Bounds,
    seed: int,
) -> Verdict:
    """Holds a new version's served file against the old one's.

    `before` and `after` are (N, classes, classes) confusions of the examples in `report`, T0-report; `changed` is the
    share of the weights that differ, [0, 1].
    """
    pictures = [item.pixels(network.source.grid) for item in report[:8]]
    checks = (
        _learned(changed),
        _agreement(network, new, pictures),
        _drop(before, after, bounds),
        _flips(before, after, bounds),
        _size(new, bounds),
        _time(old, new, pictures, bounds),
    )
    return Verdict(checks, of_data_set(before, seed), of_data_set(after, seed))


def _learned(changed: float) -> Check:
    """A version that is the old one once more would pass all the rest, and seem to have been mended."""
    sentence = f"{changed:.1%} of the weights have changed"
    if not changed:
        sentence = "no weight has changed: T0-select prefers the old weights, or the learning rate is too small"
    return Check("learned", changed, 0.0, changed > 0, sentence)


def _agreement(network: Network, new: onnx.ModelProto, pictures: Sequence[NDArray[np.uint8]]) -> Check:
    session, table = _session(new), network.source.table
    worst = 1.0
    for picture in pictures:
        with torch.no_grad():
            device = network.learned()[0].device
            answer = network(torch.from_numpy(picture[None]).to(device)).argmax(1).cpu().numpy()[0]
        served = session.run(["labels"], {"image": picture[None]})[0][0]
        worst = min(worst, float((table[answer] == served).mean()))
    sentence = f"on the worst of {len(pictures)} pictures the file gives {worst:.3%} of torch's labels"
    return Check("agreement", worst, AGREEMENT, worst >= AGREEMENT, f"{sentence}, at least {AGREEMENT:.1%} are needed")


def _drop(before: NDArray[np.int64], after: NDArray[np.int64], bounds: Bounds) -> Check:
    fallen = mean_iou(before.sum(0)) - mean_iou(after.sum(0))
    sentence = f"mIoU on T0-report falls by {fallen:.4f}, at most {bounds.drop:.4f} is allowed"
    return Check(DROP, fallen, bounds.drop, fallen <= bounds.drop, sentence)


def _flips(before: NDArray[np.int64], after: NDArray[np.int64], bounds: Bounds) -> Check:
    share = float((image_mious(before) - image_mious(after) > bounds.flip).mean())
    sentence = (
        f"{share:.1%} of T0-report's images get worse by more than {bounds.flip:g}, at most "
        f"{bounds.negative_flips:.1%} may"
    )
    return Check("negative_flips", share, bounds.negative_flips, share <= bounds.negative_flips, sentence)


def _size(new: onnx.ModelProto, bounds: Bounds) -> Check:
    size = new.ByteSize() / 1e6
    sentence = f"the file has {size:.1f} MB, at most {bounds.megabytes:g} are allowed"
    return Check("megabytes", size, bounds.megabytes, size <= bounds.megabytes, sentence)


def _time(old: onnx.ModelProto, new: onnx.ModelProto, pictures: Sequence[NDArray[np.uint8]], bounds: Bounds) -> Check:
    """The best of several turns each, on one thread: what else the machine does only adds."""
    sessions = _session(old), _session(new)
    best = [float("inf"), float("inf")]
    for _ in range(TURNS):
        for which, session in enumerate(sessions):
            began = time.perf_counter()
            session.run(["labels"], {"image": pictures[0][None]})
            best[which] = min(best[which], time.perf_counter() - began)
    factor = best[1] / best[0]
    sentence = f"it takes {factor:.2f} times as long for a picture as the old version, at most {bounds.slower:g}"
    return Check("slower", factor, bounds.slower, factor <= bounds.slower, f"{sentence} times are allowed")


def _session(model: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
