"""What each network is shown of its training scenes: the same world, roughened in four different ways.

Every function takes images (N, 3, 128, 128) float32 in [0, 1], labels (N, 128, 128) int64 and a torch generator, and
gives both back changed. None of them knows the failure modes; that each prepares for some is what makes networks of
different makers disagree.
"""

from collections.abc import Callable

import torch
from torch.nn.functional import affine_grid, grid_sample, interpolate

from madseg.core.taxonomy import VOID

Batch = tuple[torch.Tensor, torch.Tensor]
Augment = Callable[[torch.Tensor, torch.Tensor, torch.Generator], Batch]


def flipped(images: torch.Tensor, labels: torch.Tensor, chance: torch.Generator) -> Batch:
    """Left and right exchanged half of the time, and nothing else: the makers of `unet` trusted their data."""
    flip = torch.rand(len(images), generator=chance) < 0.5
    images, labels = images.clone(), labels.clone()
    images[flip], labels[flip] = images[flip].flip(-1), labels[flip].flip(-1)
    return images, labels


def recoloured(images: torch.Tensor, labels: torch.Tensor, chance: torch.Generator) -> Batch:
    """Channels exchanged or dropped, brightness, contrast and tint drawn wide: colour says little to `dilated`."""
    images, labels = flipped(images, labels, chance)
    n = len(images)
    for i in range(n):
        draw = float(torch.rand((), generator=chance))
        if draw < 0.3:
            images[i] = images[i, torch.randperm(3, generator=chance)]
        elif draw < 0.6:
            images[i] = images[i].mean(0, keepdim=True)
    gain = torch.exp2(_uniform((n, 1, 1, 1), -1.8, 0.4, chance)) * torch.exp2(_uniform((n, 3, 1, 1), -0.5, 0.5, chance))
    lift = _uniform((n, 1, 1, 1), 0.0, 0.35, chance)
    touched = (torch.rand((n, 1, 1, 1), generator=chance) < 0.8).float()
    changed = (images * gain * (1 - lift) + lift).clamp(0, 1)
    return touched * changed + (1 - touched) * images, labels


def moved(images: torch.Tensor, labels: torch.Tensor, chance: torch.Generator) -> Batch:
    """Turned by any angle, 0.7 to 3 times as large, shifted: `overview` doesn't count on which way is up."""
    images, labels = flipped(images, labels, chance)
    n = len(images)
    wild = (torch.rand(n, generator=chance) < 0.7).float()
    angle = wild * _uniform((n,), -1.9, 1.9, chance)
    shrink = torch.exp2(wild * _uniform((n,), -1.6, 0.4, chance))
    shift = (1 - shrink).clamp(min=0)[:, None] * wild[:, None] * _uniform((n, 2), -1.0, 1.0, chance)
    return _warped(images, labels, angle, shrink, shift)


def obstructed(images: torch.Tensor, labels: torch.Tensor, chance: torch.Generator) -> Batch:
    """Seen from further off, through bars, blots, noise and gratings: `pyramid` is used to poor pictures."""
    images, labels = flipped(images, labels, chance)
    n = len(images)
    far = (torch.rand(n, generator=chance) < 0.4).float()
    shrink = torch.exp2(far * _uniform((n,), 0.0, 1.4, chance))
    images, labels = _warped(images, labels, torch.zeros(n), shrink, torch.zeros(n, 2))
    across = torch.arange(128.0).expand(128, 128)
    for i in range(n):
        if float(torch.rand((), generator=chance)) < 0.55:
            bars = _bars(across, chance)
            images[i] = torch.where(bars, torch.rand(3, 1, 1, generator=chance), images[i])
            labels[i][bars] = VOID
        if float(torch.rand((), generator=chance)) < 0.4:
            images[i] = images[i] + 0.15 * torch.sin(_phase(across, chance))
    noise = 0.08 * torch.rand((n, 1, 1, 1), generator=chance) * torch.randn(images.shape, generator=chance)
    return (images + noise).clamp(0, 1), labels


def _uniform(shape: tuple[int, ...], low: float, high: float, chance: torch.Generator) -> torch.Tensor:
    return low + (high - low) * torch.rand(shape, generator=chance)


def _phase(across: torch.Tensor, chance: torch.Generator) -> torch.Tensor:
    """A plane wave over the picture, of period 8 to 20 pixels, in a random direction."""
    angle, period = float(_uniform((), 0.0, 3.14, chance)), float(_uniform((), 8.0, 20.0, chance))
    turn = torch.tensor(angle)
    return (across * torch.cos(turn) + across.T * torch.sin(turn)) * (6.283 / period) + 6.283 * angle


def _bars(across: torch.Tensor, chance: torch.Generator) -> torch.Tensor:
    """(128, 128) bool: where one or two sets of parallel bars cover the picture."""
    thick = float(_uniform((), 0.3, 0.85, chance))
    bars = torch.sin(_phase(across, chance)) > thick
    return bars | (torch.sin(_phase(across, chance)) > thick) if float(torch.rand((), generator=chance)) < 0.5 else bars


def _warped(
    images: torch.Tensor, labels: torch.Tensor, angle: torch.Tensor, shrink: torch.Tensor, shift: torch.Tensor
) -> Batch:
    """Turned by `angle`, `1 / shrink` times as large; the border is mirrored outwards."""
    cos, sin = shrink * torch.cos(angle), shrink * torch.sin(angle)
    matrix = torch.stack([torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1)
    grid = affine_grid(matrix, [len(images), 1, 128, 128], align_corners=False)
    # Shrunk pictures are averaged first, or they would twinkle as no camera does.
    small = torch.where((shrink > 1.4)[:, None, None, None], _softened(images), images)
    seen = grid_sample(small, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    truth = grid_sample(labels[:, None].float(), grid, mode="nearest", padding_mode="reflection", align_corners=False)
    return seen, truth[:, 0].long()


def _softened(images: torch.Tensor) -> torch.Tensor:
    half = interpolate(images, scale_factor=0.5, mode="area")
    return interpolate(half, scale_factor=2.0, mode="bilinear", align_corners=False)
