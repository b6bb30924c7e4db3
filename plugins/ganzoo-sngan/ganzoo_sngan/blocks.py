"""The residual blocks of SNGAN's networks, and batch norm by class."""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional

from .plain import normalised


class BatchNorm(nn.Module):
    """Batch norm with a gain and an offset for each class (Dumoulin et al., 2017, arXiv:1610.07629), or the ordinary one.

    Args:
        channels: of the features.
        classes: how many; 0: one gain and one offset for all.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=not classes)
        if classes:
            self.gain, self.offset = nn.Embedding(classes, channels), nn.Embedding(classes, channels)
            nn.init.ones_(self.gain.weight)
            nn.init.zeros_(self.offset.weight)

    def forward(self, x: Tensor, label: Tensor | None) -> Tensor:
        """Normalise (N, C, H, W), for the classes (N,) where there are any."""
        out: Tensor = self.norm(x)
        if label is not None and not self.norm.affine:
            out = out * self.gain(label)[..., None, None] + self.offset(label)[..., None, None]
        return out


class GeneratorBlock(nn.Module):
    """(N, before, H, W) -> (N, after, 2H, 2W): batch norm, ReLU, double, convolve; batch norm, ReLU, convolve; plus a shortcut."""

    def __init__(self, before: int, after: int, classes: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList([BatchNorm(before, classes), BatchNorm(after, classes)])
        self.convolutions = nn.ModuleList([nn.Conv2d(before, after, 3, padding=1), nn.Conv2d(after, after, 3, padding=1)])
        self.shortcut = nn.Conv2d(before, after, 1)
        for layer in (*self.convolutions, self.shortcut):
            nn.init.xavier_uniform_(layer.weight, gain=1.0 if layer is self.shortcut else math.sqrt(2))  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, label: Tensor | None) -> Tensor:
        """Map (N, before, H, W) to (N, after, 2H, 2W)."""
        path = functional.interpolate(functional.relu(self.norms[0](x, label)), scale_factor=2)
        path = self.convolutions[1](functional.relu(self.norms[1](self.convolutions[0](path), label)))
        # A 1 x 1 convolution commutes with the doubling, so it runs at the smaller size.
        out: Tensor = path + functional.interpolate(self.shortcut(x), scale_factor=2)
        return out


class CriticBlock(nn.Module):
    """(N, before, H, W) -> (N, after, H', W'): two convolutions of spectral norm 1 after a ReLU each, plus a shortcut.

    Args:
        before, after: channels of the input and of the output.
        halve: whether the side is halved, by the mean of 2 x 2.
        of_image: the input is the image itself, which no ReLU may clip.
    """

    def __init__(self, before: int, after: int, halve: bool, *, of_image: bool) -> None:
        super().__init__()
        first = before if halve and not of_image else after
        gain = math.sqrt(2)
        self.halve = halve
        self.path = nn.Sequential(
            *([] if of_image else [nn.ReLU()]),
            normalised(nn.Conv2d(before, first, 3, padding=1), gain=gain),
            nn.ReLU(),
            normalised(nn.Conv2d(first, after, 3, padding=1), gain=gain),
        )
        self.shortcut = normalised(nn.Conv2d(before, after, 1)) if halve or before != after else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, before, H, W) to (N, after, H', W')."""
        path = self.path(x)
        path, x = (functional.avg_pool2d(path, 2), functional.avg_pool2d(x, 2)) if self.halve else (path, x)
        out: Tensor = path + self.shortcut(x)
        return out
