"""The small network as a team has it in torch: by a factory, and as a Hugging Face folder."""

import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from safetensors.torch import save_model
from torch import nn

from tests.finetune.small import served

FACTORY = "tests.finetune.owned:Small"
"""How a run names it."""


class Small(nn.Module):  # type: ignore[misc, unused-ignore]
    """Two convolutions with normalisation between them, and logits under torchvision's name."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 1)
        self.norm = nn.BatchNorm2d(8)
        self.last = nn.Conv2d(8, 3, 1)

    def forward(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"out": self.last(self.norm(torch.relu(self.first(pixels))))}


def known() -> Small:
    """It tells red from the rest, and knows nothing of blue."""
    torch.manual_seed(7)
    made: Small = Small()
    with torch.no_grad():
        made.first.weight.mul_(0.2)
        made.first.weight[0, :, 0, 0] = torch.tensor([2.0, -1, -1])
        made.first.weight[1, :, 0, 0] = torch.tensor([-1.0, -1, 2])
        made.last.weight.mul_(0.2)
        made.last.weight[:, 0, 0, 0] = torch.tensor([-1.0, 2, -1])
        made.last.bias.copy_(torch.tensor([0.4, -1, -1]))
    made.eval()
    return made


def no_module() -> str:
    """A factory of something else."""
    return "nothing"


def weights(folder: Path) -> Path:
    """The safetensors file of `known`."""
    path = folder / "small.safetensors"
    save_model(known(), str(path))
    return path


def hugging_face(folder: Path) -> Any:
    """A SegFormer of a few thousand weights, saved as its owner would."""
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    torch.manual_seed(5)
    config = SegformerConfig(
        num_encoder_blocks=2,
        depths=[1, 1],
        sr_ratios=[2, 1],
        hidden_sizes=[16, 24],
        patch_sizes=[3, 3],
        strides=[2, 2],
        num_attention_heads=[1, 2],
        mlp_ratios=[2, 2],
        decoder_hidden_size=24,
        num_labels=3,
        classifier_dropout_prob=0.1,
    )
    module = SegformerForSemanticSegmentation(config).eval()
    module.save_pretrained(str(folder))
    return module


class Logits(nn.Module):  # type: ignore[misc, unused-ignore]
    """What is exported of a network that says more than its logits."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module

    def forward(self, pixels: torch.Tensor) -> Any:
        said = self.module(pixels)
        return said["out"] if isinstance(said, dict) and "out" in said else said.logits


def exported(module: Any, folder: Path, grid: tuple[int, int]) -> onnx.ModelProto:
    """Its ONNX file, as its owner exported it."""
    path = str(folder / "exported.onnx")
    how = {"input_names": ["pixels"], "output_names": ["logits"], "opset_version": 17, "dynamo": False}
    axes = {"pixels": {0: "N"}, "logits": {0: "N"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(Logits(module), (torch.zeros(1, 3, *grid),), path, dynamic_axes=axes, **how)
    return onnx.load(path)


def served_export(module: Any, folder: Path, grid: tuple[int, int], **card: Any) -> onnx.ModelProto:
    """The export as madseg serves it."""
    return served(exported(module, folder, grid), **card)
