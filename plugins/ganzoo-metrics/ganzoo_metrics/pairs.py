"""Distances of translated pictures from what they should have become: PSNR, SSIM and L1, of pairs.

Legend of shapes: N pictures, C channels, H rows, W columns; values in [-1, 1] on the 256 levels of uint8.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from ganzoo import DataSpec, PositiveInt, SharedMetric, Subject, UserError

from .networks import shape_text

WINDOW, SIGMA, K1, K2 = 11, 1.5, 0.01, 0.03
"""Of SSIM, as its authors have them: edge and standard deviation of the Gaussian window in pixels, and the two constants."""
HIGHEST = 100.0
"""PSNR, in dB, of a picture without any error, whose own would be infinite."""


class OfPairs(SharedMetric):
    """What the metrics of pairs have in common.

    Args:
        samples: pairs N, the first of them; null: all of the split.
        split: part of the data whose sources are translated; null: the one trained on.
    """

    name: str

    def __init__(self, data: DataSpec, *, samples: PositiveInt | None = None, split: str | None = None) -> None:
        if not data.is_image:
            raise UserError(f"pictures are compared, this data is {shape_text(data)}", "use another metric for it ('modes' for toys)")
        self.samples, self.split = samples, split

    def prepare(self, subject: Subject) -> None:
        """See that there are pairs."""
        next(iter(subject.pairs(1, self.split)))

    def collect(self, subject: Subject) -> Mapping[str, Tensor]:
        """A number for each pair (N,)."""
        found = [self.compare(pair["sample"], pair["target"]) for pair in subject.pairs(self.samples, self.split)]
        return {self.name: torch.cat(found)}

    def compute(self, subject: Subject, collected: Sequence[Mapping[str, Tensor]]) -> Mapping[str, float]:
        """The mean over all pairs."""
        return {self.name: float(torch.cat([share[self.name] for share in collected]).double().mean())}

    @abstractmethod
    def compare(self, made: Tensor, target: Tensor) -> Tensor:
        """A number for each pair (N,) of pictures (N, C, H, W)."""


class PSNR(OfPairs):
    """Peak signal-to-noise ratio in dB: 10 log10(255^2 / MSE) of each picture, meant over the pictures; 100 where there is no error.

    Args:
        samples: pairs N, the first of them; null: all of the split.
        split: part of the data whose sources are translated; null: the one trained on.
    """

    paper = "ITU-T J.340; of pictures: Huynh-Thu and Ghanbari 2008, Electronics Letters 44(13)"
    better = {"psnr": "higher"}
    name = "psnr"

    def compare(self, made: Tensor, target: Tensor) -> Tensor:
        """In dB."""
        error = (made - target).double().square().flatten(1).mean(dim=1) / 4  # [-1, 1] spans 2
        return (-10 * error.log10()).clamp(max=HIGHEST)


class L1(OfPairs):
    """Mean absolute difference of the values, which span [-1, 1].

    Args:
        samples: pairs N, the first of them; null: all of the split.
        split: part of the data whose sources are translated; null: the one trained on.
    """

    paper = "Isola et al. 2017, arXiv:1611.07004, as a loss"
    better = {"l1": "lower"}
    name = "l1"

    def compare(self, made: Tensor, target: Tensor) -> Tensor:
        """The distance."""
        return (made - target).abs().flatten(1).mean(dim=1)


class SSIM(OfPairs):
    """Structural similarity: the mean over all windows of 11x11 pixels, Gaussian with a standard deviation of 1.5, and over channels.

    Args:
        samples: pairs N, the first of them; null: all of the split.
        split: part of the data whose sources are translated; null: the one trained on.
    """

    paper = "Wang, Bovik, Sheikh and Simoncelli 2004, IEEE Transactions on Image Processing 13(4)"
    better = {"ssim": "higher"}
    name = "ssim"

    def __init__(self, data: DataSpec, *, samples: PositiveInt | None = None, split: str | None = None) -> None:
        super().__init__(data, samples=samples, split=split)
        if min(data.shape[1:]) < WINDOW:
            what = f"windows of {WINDOW}x{WINDOW} pixels are compared, this data is {shape_text(data)}"
            raise UserError(what, "use larger images, or psnr")

    def compare(self, made: Tensor, target: Tensor) -> Tensor:
        """In [-1, 1]; 1 where both are the same."""
        a, b = ((value.double() + 1) / 2 for value in (made, target))
        mean_a, mean_b = _local_mean(a), _local_mean(b)
        variances = _local_mean(a * a) - mean_a.square() + _local_mean(b * b) - mean_b.square()
        covariance = _local_mean(a * b) - mean_a * mean_b
        light = (2 * mean_a * mean_b + K1**2) / (mean_a.square() + mean_b.square() + K1**2)
        return (light * (2 * covariance + K2**2) / (variances + K2**2)).flatten(1).mean(dim=1)


def _local_mean(value: Tensor) -> Tensor:
    """Gaussian means (N, C, H - 10, W - 10) of all windows that lie within."""
    places = torch.arange(WINDOW, dtype=value.dtype, device=value.device) - WINDOW // 2
    bell = torch.exp(-places.square() / (2 * SIGMA**2))
    bell = bell / bell.sum()
    n, c, h, w = value.shape
    columns = conv2d(value.reshape(n * c, 1, h, w), bell.view(1, 1, -1, 1))
    return conv2d(columns, bell.view(1, 1, 1, -1)).reshape(n, c, h - WINDOW + 1, w - WINDOW + 1)
