"""A network as its owner has it in torch: of a Hugging Face folder, or by a factory, with weights in safetensors."""

import importlib
import shutil
import warnings
from functools import reduce
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model
from torch import nn

from madseg.core.errors import InvalidModel
from madseg.finetune.sources import GIVEN, LEARNED, WEIGHTS, TorchSource


def made(source: TorchSource, folder: Path) -> Any:
    """The torch module of a run's folder, float32, in evaluation mode.

    Raises:
        InvalidModel: it can't be made, or its weights don't fit; the message says why.
    """
    module = _of_folder(folder / GIVEN) if source.folder else _of_factory(source.factory, folder / GIVEN / WEIGHTS)
    return module.float().eval()


def save(module: Any, source: TorchSource, folder: Path) -> None:
    """Writes what was learned beside what came, in its form; whole or not at all."""
    part = folder / f"{LEARNED}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    if source.folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module.save_pretrained(str(part))
    else:
        save_model(module, str(part / WEIGHTS))
    shutil.rmtree(folder / LEARNED, ignore_errors=True)
    part.replace(folder / LEARNED)


def answer(said: Any) -> torch.Tensor:
    """The logits in what a network says: itself, or under the names that Hugging Face and torchvision use.

    Raises:
        InvalidModel: there are none.
    """
    if isinstance(said, dict):
        said = next((said[name] for name in ("logits", "out") if name in said), said)
    if isinstance(said, tuple | list) and said:
        said = said[0]
    if not isinstance(said, torch.Tensor) or said.ndim != 4:
        raise InvalidModel(
            f"the network must give logits (N, C, h, w), alone or as `logits` or `out`, got {type(said).__name__}"
        )
    return said


def _of_folder(folder: Path) -> Any:
    try:
        from transformers import AutoModelForSemanticSegmentation
        from transformers.utils import logging
    except ImportError as error:
        raise InvalidModel(f"a Hugging Face network needs transformers ({error}): pip install '.[finetune]'") from None
    logging.disable_progress_bar()
    try:
        module, told = AutoModelForSemanticSegmentation.from_pretrained(
            str(folder),
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            attn_implementation="eager",  # what every exporter knows
            output_loading_info=True,
        )
    except Exception as error:  # transformers raises what comes
        raise InvalidModel(f"transformers can't make a segmentation network of the folder: {_line(error)}") from error
    for what in ("missing_keys", "mismatched_keys"):
        if told[what]:
            first = sorted(map(str, told[what]))[0]
            raise InvalidModel(f"the weights don't fit config.json: {len(told[what])} {what}, the first is {first}")
    return module


def _of_factory(factory: str, weights: Path) -> Any:
    package, _, name = factory.partition(":")
    try:
        factory_of: Any = reduce(getattr, name.split("."), importlib.import_module(package))
        module = factory_of()
    except Exception as error:  # it is somebody else's code
        raise InvalidModel(f"the factory {factory} fails: {type(error).__name__}: {_line(error)}") from error
    if not isinstance(module, nn.Module):
        raise InvalidModel(f"the factory {factory} must give a torch.nn.Module, got {type(module).__name__}")
    try:
        load_model(module, str(weights), strict=True)
    except (RuntimeError, SafetensorError, OSError) as error:
        raise InvalidModel(f"the weights don't fit what {factory} makes: {_line(error)}") from error
    return module


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:400]
