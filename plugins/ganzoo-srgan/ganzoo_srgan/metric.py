"""Quality of enlarged pictures: nearer to the truth than bicubic interpolation, and as sharp as the truth.

Legend: N pairs, C channels, H x W pixels; values in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo import DataSpec, PositiveInt, SharedMetric, Subject

from .generator import factor_of


class SuperResolution(SharedMetric):
    """PSNR in dB, what it gains over bicubic interpolation, and the energy of gradients as a share of the real pictures'.

    Numbers: ``psnr``, meant over the pictures; ``gain``, that minus the PSNR of bicubic interpolation; ``sharpness``, the mean square of
    differences of neighbouring pixels over that of the true pictures: 1 is as sharp as they are, less is blurred.

    Args:
        samples: pairs N, the first of them; null: all of the split.
        split: part of the data whose sources are enlarged; null: the one trained on.
    """

    paper = "PSNR: ITU-T J.340; bicubic interpolation as the reference: Ledig et al., 2017, arXiv:1609.04802"
    better = {"psnr": "higher", "gain": "higher"}

    def __init__(self, data: DataSpec, *, samples: PositiveInt | None = None, split: str | None = None) -> None:
        self.factor, self.samples, self.split = factor_of(data), samples, split

    def prepare(self, subject: Subject) -> None:
        """See that there are pairs."""
        next(iter(subject.pairs(1, self.split)))

    def collect(self, subject: Subject) -> Mapping[str, Tensor]:
        """PSNR of each picture (N,), ours and bicubic, and the energy of made and of true pictures."""
        ours, bicubic, made, real = [], [], 0.0, 0.0
        for pair in subject.pairs(self.samples, self.split):
            target = pair["target"]
            small = _levels(avg_pool2d(target, self.factor))
            ours.append(psnr(pair["sample"], target))
            bicubic.append(psnr(interpolate(small, scale_factor=float(self.factor), mode="bicubic").clamp(-1, 1), target))
            made, real = made + energy(pair["sample"]), real + energy(target)
        energies = torch.tensor([made, real], dtype=torch.float64)
        return {"ours": torch.cat(ours), "bicubic": torch.cat(bicubic), "energy": energies}

    def compute(self, subject: Subject, collected: Sequence[Mapping[str, Tensor]]) -> Mapping[str, float]:
        """All three."""
        ours, bicubic = (float(torch.cat([share[name] for share in collected]).mean()) for name in ("ours", "bicubic"))
        made, real = (float(value) for value in torch.stack([share["energy"] for share in collected]).sum(dim=0))
        return {"psnr": ours, "gain": ours - bicubic, "sharpness": made / real}


def psnr(made: Tensor, target: Tensor) -> Tensor:
    """In dB, of each picture (N,); at most 100."""
    error = (made - target).double().square().flatten(1).mean(dim=1) / 4  # [-1, 1] spans 2
    return (-10 * error.log10()).clamp(max=100.0)


def energy(pictures: Tensor) -> float:
    """The sum of squared differences of neighbouring pixels."""
    return sum(float(pictures.double().diff(dim=dim).square().sum()) for dim in (2, 3))


def _levels(pictures: Tensor) -> Tensor:
    """On the 256 levels of uint8, as a stored low resolution is."""
    return (pictures + 1).mul(127.5).round().div(127.5) - 1
