"""Four small networks that see differently: how far, how finely, and with which kind of layer.

All take (N, 3, 128, 128) float32, normalised, and give logits (N, 13, h, w) with h = w = 128, or 64 for `Overview`.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from madseg.simulation.taxonomy import TAXONOMY

CLASSES = len(TAXONOMY)


def _conv(inputs: int, outputs: int, *, stride: int = 1, dilation: int = 1, groups: int = 1, size: int = 3) -> Any:
    """Convolution that keeps the grid (over the stride), batch norm, ReLU."""
    pad = dilation * (size // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, pad, dilation, groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class UNet(nn.Module):  # type: ignore[misc, unused-ignore]
    """The target: an encoder down to a sixteenth, a decoder with skips. Sees the whole picture, and fine detail."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _conv(12, 24)
        self.down1 = nn.Sequential(_conv(24, 40, stride=2), _conv(40, 40))
        self.down2 = nn.Sequential(_conv(40, 56, stride=2), _conv(56, 56))
        self.down3 = nn.Sequential(_conv(56, 64, stride=2), _conv(64, 64))
        self.up2 = _conv(64 + 56, 48)
        self.up1 = _conv(48 + 40, 32)
        self.up0 = _conv(32 + 24, 28)
        self.head = nn.Conv2d(28, 4 * CLASSES, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        half = self.stem(nn.functional.pixel_unshuffle(x, 2))
        quarter = self.down1(half)
        eighth = self.down2(quarter)
        deep = self.down3(eighth)
        deep = self.up2(torch.cat([_larger(deep), eighth], 1))
        deep = self.up1(torch.cat([_larger(deep), quarter], 1))
        deep = self.up0(torch.cat([_larger(deep), half], 1))
        return nn.functional.pixel_shuffle(self.head(deep), 2)


class Dilated(nn.Module):  # type: ignore[misc, unused-ignore]
    """Local: dilated convolutions at a quarter of the resolution that see 30 pixels to each side and no further."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _conv(12, 24)
        self.down = _conv(24, 52, stride=2)
        self.blocks = nn.ModuleList([_conv(52, 52, dilation=d) for d in (1, 2, 1, 2)])
        self.mix = _conv(52 + 24, 48, size=1)
        self.last = _conv(48, 28)
        self.head = nn.Conv2d(28, 4 * CLASSES, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        fine = self.stem(nn.functional.pixel_unshuffle(x, 2))
        x = self.down(fine)
        for block in self.blocks:
            x = x + block(x)
        x = self.last(self.mix(torch.cat([_larger(x), fine], 1)))
        return nn.functional.pixel_shuffle(self.head(x), 2)


class Overview(nn.Module):  # type: ignore[misc, unused-ignore]
    """Looks at patches of 4 x 4 pixels and lets every 16 x 16 region attend to all others: coarse and wide."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Sequential(_conv(48, 64, size=1), _conv(64, 64), _conv(64, 64))
        self.down = nn.Sequential(_conv(64, 80, stride=2), _conv(80, 80), _conv(80, 80, stride=2))
        self.place = nn.Parameter(torch.zeros(1, 64, 80))
        self.norm = nn.LayerNorm(80)
        self.query, self.key, self.value = nn.Linear(80, 80), nn.Linear(80, 80), nn.Linear(80, 80)
        self.up = _conv(80 + 64, 64)
        self.last = _conv(64, 64)
        self.head = nn.Conv2d(64, 4 * CLASSES, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        fine = self.patches(nn.functional.pixel_unshuffle(x, 4))
        deep = self.down(fine)
        deep = deep + self._attend(deep)
        wide = nn.functional.interpolate(deep, scale_factor=4.0, mode="bilinear", align_corners=False)
        return nn.functional.pixel_shuffle(self.head(self.last(self.up(torch.cat([wide, fine], 1)))), 2)

    def _attend(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.norm(x.flatten(2).transpose(1, 2) + self.place)
        weights = torch.softmax(self.query(tokens) @ self.key(tokens).transpose(1, 2) / 80**0.5, -1)
        return (weights @ self.value(tokens)).transpose(1, 2).reshape(-1, 80, 8, 8)


class Pyramid(nn.Module):  # type: ignore[misc, unused-ignore]
    """Depthwise inverted residuals, pooled over cells of four sizes, and a thin decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _conv(12, 24)
        self.fine = _Inverted(24, 24, 1)
        self.middle = nn.Sequential(_Inverted(24, 40, 2), _Inverted(40, 40, 1))
        self.deep = nn.Sequential(_Inverted(40, 64, 2), _Inverted(64, 64, 1), _Inverted(64, 64, 1))
        self.cells = nn.ModuleList([nn.Conv2d(64, 16, 1) for _ in range(4)])
        self.join = _conv(128, 48, size=1)
        self.up1 = nn.Sequential(_conv(88, 40, size=1), _conv(40, 40))
        self.up0 = nn.Sequential(_conv(64, 32, size=1), _conv(32, 32))
        self.head = nn.Conv2d(32, 4 * CLASSES, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        fine = self.fine(self.stem(nn.functional.pixel_unshuffle(x, 2)))
        middle = self.middle(fine)
        deep = self.deep(middle)
        pooled = [deep]
        for cell, reduce in zip((2, 4, 8, 16), self.cells, strict=True):
            mean = reduce(nn.functional.avg_pool2d(deep, cell))
            pooled.append(nn.functional.interpolate(mean, size=(16, 16), mode="bilinear", align_corners=False))
        deep = self.join(torch.cat(pooled, 1))
        wide = nn.functional.interpolate(deep, size=(32, 32), mode="bilinear", align_corners=False)
        deep = self.up1(torch.cat([wide, middle], 1))
        return nn.functional.pixel_shuffle(self.head(self.up0(torch.cat([_larger(deep), fine], 1))), 2)


class _Inverted(nn.Module):  # type: ignore[misc, unused-ignore]
    """MobileNet's block: widen by three, filter each channel by itself, narrow again."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        wide = 3 * inputs
        self.filter = nn.Sequential(
            _conv(inputs, wide, size=1),
            _conv(wide, wide, stride=stride, groups=wide),
            nn.Conv2d(wide, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.filter(x) if self.residual else self.filter(x)


def _larger(x: torch.Tensor) -> torch.Tensor:
    return nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "unet": UNet,
    "dilated": Dilated,
    "overview": Overview,
    "pyramid": Pyramid,
}
"""Name of a shipped network to its design. The first is the target."""
