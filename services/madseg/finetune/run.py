"""One run, in a process of its own: `python -m madseg.finetune.run FOLDER`. It knows neither gRPC nor a stream.

    FOLDER/plan.json         what is to be done: recipe and its changes, seed, classes, bounds
    FOLDER/served.onnx       the old version, as it is served
    FOLDER/network/          where the target is known by more than that file: the torch network that learns
    FOLDER/examples.jsonl    pictures and masks, and the set of each
    FOLDER/checkpoint.pt     where training is, after every epoch
    FOLDER/progress.jsonl    one line a report
    FOLDER/new.onnx          the new version, as it is served
    FOLDER/bare.onnx         the network in it, as `madseg model release` takes it
    FOLDER/card.json         its card, which is the old version's
    FOLDER/learned/          the torch network that learned, in the form in which it came
    FOLDER/result.json       what came of it; its presence says that the run is through

A run that is killed is started again and goes on. An exit status of 3 says that the run was refused, with the reason
in result.json; other failures may pass.
"""

import argparse
import hashlib
import json
import os
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import torch.distributed as dist

from madseg import __version__
from madseg.core.errors import MadsegError, Unavailable
from madseg.files import replace_file
from madseg.finetune.bare import bare, card_of
from madseg.finetune.evaluate import confusions
from madseg.finetune.examples import Example, Part, check_sets, read_examples
from madseg.finetune.gate import Verdict, judge
from madseg.finetune.graph import trainable
from madseg.finetune.job import Job
from madseg.finetune.native import NativeNetwork, native_difference
from madseg.finetune.network import Network
from madseg.finetune.owned import made, save
from madseg.finetune.parity import check_parity, first_difference
from madseg.finetune.recipe import recipe
from madseg.finetune.sources import TorchSource
from madseg.finetune.train import Step, Trained, train

REFUSED = 3
"""Exit status of a run that no repetition helps."""

REPORT_SECONDS = 1.0
"""Between two lines of progress at least; the last of an epoch is always written."""


def run(folder: Path) -> dict[str, Any]:
    """Carries a run out, from where it was; returns what `result.json` then holds.

    Raises:
        MadsegError: it can't be carried out; the message says why.
    """
    done = folder / "result.json"
    if done.exists():
        return dict(json.loads(done.read_text()))
    job, examples = Job.read(folder), read_examples(folder)
    check_sets(examples)
    chosen, classes = recipe(job.recipe, job.changes), len(job.classes)
    if job.threads:
        torch.set_num_threads(job.threads)
    old = onnx.load(str(folder / "served.onnx"))
    network = _network(job, old, folder)
    report = [item for item in examples if item.part is Part.REPORT]
    blame = first_difference if job.network is None else native_difference
    parity = check_parity(network, np.stack([item.pixels(network.source.grid) for item in report[:4]]), blame)
    before = confusions(network, report, classes)
    trained = train(network, examples, chosen, classes, job.seed, folder / "checkpoint.pt", _Progress(folder))
    new = network.written_into(old)
    after = confusions(network, report, classes, network.learned()[0].device)
    verdict = judge(network, old, new, report, before, after, trained.changed, job.bounds, job.seed)
    result = _result(job, examples, trained, verdict, asdict(parity), folder)
    if not dist.is_initialized() or dist.get_rank() == 0:
        _save(new, folder / "new.onnx")
        _save(bare(new), folder / "bare.onnx")
        _write(folder / "card.json", card_of(new))
        if job.network is not None and isinstance(network, NativeNetwork):
            _save_learned(network, job.network, folder)
        _write(done, result)
        return dict(json.loads(done.read_text()))
    return result


def _network(job: Job, served: onnx.ModelProto, folder: Path) -> Network:
    """What learns: the served file itself, or the torch network that it was made from, which can be exported again."""
    source = trainable(served, job.classes)
    if job.network is None:
        return Network(source)
    channels_last = card_of(served)["input"].get("layout") == "NHWC"
    network = NativeNetwork(source, made(job.network, folder), channels_last)
    network.written_into(served)  # or hours of training would end with its refusal
    return network


def _save_learned(network: NativeNetwork, source: TorchSource, folder: Path) -> None:
    try:
        save(network.owned.cpu(), source, folder)
    except OSError as error:
        raise Unavailable(f"what was learned can't be written: {error}") from error


def _result(
    job: Job, examples: list[Example], trained: Trained, verdict: Verdict, parity: dict[str, Any], folder: Path
) -> dict[str, Any]:
    """What goes into the version's card: figures, and all that is needed to make it again."""
    return {
        "passed": verdict.passed,
        "reasons": list(verdict.reasons),
        "checks": [asdict(check) for check in verdict.checks],
        "t0_report": {"before": asdict(verdict.before), "after": asdict(verdict.after)},
        "t0_select": {"before": trained.before, "after": trained.selected},
        "learning_rate": trained.learning_rate,
        "epoch": trained.epoch,
        "average": trained.average,
        "parity": parity,
        "recipe": asdict(recipe(job.recipe, job.changes)),
        "seed": job.seed,
        "examples": {part.value: sum(item.part is part for item in examples) for part in Part},
        "data_sha256": _digest(examples),
        "parent_sha256": hashlib.sha256((folder / "served.onnx").read_bytes()).hexdigest(),
        "code": __version__,
        "torch": torch.__version__,
    }


def _digest(examples: list[Example]) -> str:
    """Over every picture, mask and set that the run saw."""
    found = hashlib.sha256()
    for item in sorted(examples, key=lambda item: (item.part, item.image_id)):
        for content in (item.picture.read_bytes(), item.mask.read_bytes()):
            found.update(hashlib.sha256(content).digest())
        found.update(f"{item.part.value}/{item.image_id}\n".encode())
    return found.hexdigest()


class _Progress:
    """Writes progress as lines, not more often than somebody reads them."""

    def __init__(self, folder: Path) -> None:
        self._path, self._last = folder / "progress.jsonl", 0.0

    def __call__(self, step: Step) -> None:
        if dist.is_initialized() and dist.get_rank() != 0:
            return
        now = time.monotonic()
        if step.selected is not None or now - self._last >= REPORT_SECONDS:
            self._last = now
            with self._path.open("a") as file:
                file.write(json.dumps({"at": time.time(), **asdict(step)}) + "\n")


def _save(model: onnx.ModelProto, path: Path) -> None:
    try:
        replace_file(path, model.SerializeToString(), durable=True)
    except OSError as error:
        raise Unavailable(f"{path.name} can't be written: {error}") from error


def _write(path: Path, content: dict[str, Any]) -> None:
    """Several processes may be refused at once."""
    replace_file(path, (json.dumps(content, indent=1) + "\n").encode(), writer=os.environ.get("RANK", ""))


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m madseg.finetune.run", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    if os.getpid() == 1:  # the kernel spares the first process of a container that doesn't say what to do
        signal.signal(signal.SIGTERM, lambda number, _frame: os._exit(128 + number))
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        run(folder)
    except Unavailable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except MadsegError as error:
        _write(folder / "result.json", {"passed": False, "reasons": [str(error)]})
        sys.stderr.write(f"{error}\n")
        return REFUSED
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())
