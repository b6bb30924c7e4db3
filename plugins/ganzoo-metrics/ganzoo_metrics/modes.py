"""Mode coverage: how many of the known modes are made, and how well.

Legend of shapes: N samples, K modes.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo import GanzooError, UserError

from .divergence import class_histogram, kl_divergence

TOY_SAMPLES = 2500
"""Samples that the published protocol draws from a toy."""
STACKED_SAMPLES = 26_000
"""Samples that the published protocol draws of stacked MNIST."""
STACKED_MODES = 1000
"""Modes of stacked MNIST: a digit in each of three channels."""


class ToyModes(NamedTuple):
    """Modes covered, and the fraction of samples of high quality."""

    covered: int
    high_quality: float


class StackedModes(NamedTuple):
    """Modes covered, and the divergence of their histogram from the even one, in nats."""

    covered: int
    kl: float


def toy_modes(samples: Tensor, centres: Tensor, deviation: float) -> ToyModes:
    """Modes of a mixture of equal round Gaussians that the samples cover, and the share of samples of high quality.

    A sample is of high quality within 3 standard deviations of its nearest centre; a mode is covered by one such sample.
    Of the data itself 1 - exp(-9/2) = 98.9% is, in two dimensions.
    Source: VEEGAN (Srivastava et al. 2017, arXiv:1705.07761); PacGAN (Lin et al. 2018, arXiv:1712.04086) on 2,500 samples.

    Args:
        samples: (N, 2) in the data's own units.
        centres: (K, 2) the modes.
        deviation: standard deviation of each mode, per coordinate.

    Raises:
        UserError: for shapes that do not fit, or a deviation that is not positive.
        GanzooError: for samples that are not finite.
    """
    if samples.dim() != 2 or centres.dim() != 2 or samples.shape[1] != centres.shape[1] or not len(samples) or not len(centres):
        raise UserError(
            f"samples {tuple(samples.shape)} are compared with centres {tuple(centres.shape)}", "give (N, 2) and (K, 2), neither empty"
        )
    if not deviation > 0:
        raise UserError(f"the modes' standard deviation is {deviation}", "give a positive number")
    if not bool(torch.isfinite(samples).all()):
        raise GanzooError("the modes cannot be counted: some samples are not finite")
    # Directly, not through a matrix product: a deviation of 0.01 about centres at 4 would drown in its rounding.
    distances = torch.cdist(
        samples.to(torch.float64), centres.to(samples.device, torch.float64), compute_mode="donot_use_mm_for_euclid_dist"
    )
    distance, nearest = distances.min(dim=1)
    good = distance <= 3 * deviation
    return ToyModes(covered=len(set(nearest[good].tolist())), high_quality=float(good.double().mean()))


def stacked_class(digits: Tensor) -> Tensor:
    """The digits (N, 3) int64 that a classifier sees in the three channels, as one class (N,) from 0 to 999.

    Raises:
        UserError: for another shape, or a digit outside 0 to 9.
    """
    if digits.dim() != 2 or digits.shape[1] != 3 or (len(digits) and (int(digits.min()) < 0 or int(digits.max()) > 9)):
        raise UserError(f"stacked digits of shape {tuple(digits.shape)} are numbered", "give (N, 3), each from 0 to 9")
    return 100 * digits[:, 0] + 10 * digits[:, 1] + digits[:, 2]


def stacked_modes(classes: Tensor, modes: int = STACKED_MODES) -> StackedModes:
    """Modes covered, and KL(made || even) in nats, from the class of each sample.

    Source: proposed by Metz et al. 2017, arXiv:1611.02163 (Unrolled GAN); with 26,000 samples as in the VEEGAN and PacGAN
    papers, where a plain convolutional GAN covers 99 modes at a divergence of 3.40, and one whose critic sees packs of
    samples 1000 at 0.06.

    Args:
        classes: (N,) int64 from 0 to ``modes`` - 1, such as ``stacked_class`` gives.
        modes: K.

    Raises:
        UserError: for classes outside 0 to ``modes`` - 1.
    """
    counts = class_histogram(classes, modes)
    return StackedModes(covered=int((counts > 0).sum()), kl=kl_divergence(counts, torch.ones_like(counts)))
