"""The networks of AC-GAN (Odena et al., 2017, arXiv:1610.09585), for labelled images of many sizes.

Each of S stages doubles (generator) or halves (critic) the sides, between a base of 4 x 4 (7 x 7 for 28 pixels) and the
image. Legend: N samples, C channels, K classes, L latent_dim.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

import torch
from ganzoo_layers.sizes import halvings
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ganzoo import Critic, DataSpec, Fields, Fraction, Generator, NonNegativeInt, PositiveFloat, PositiveInt, Scores, UserError

PAPER = "Odena et al., 2017, arXiv:1610.09585"


class ACGANGenerator(Generator):
    """Transposed convolutions from "latent" (N, L) and "label" (N,) to "sample" (N, C, H, W) in [-1, 1].

    The label enters as a one-hot vector beside the noise. At 32 pixels the defaults give the paper's channels,
    384 x 4 x 4 -> 192 x 8 x 8 -> 96 x 16 x 16 -> image.

    Args:
        latent_dim: length L of the noise vector, drawn from a standard normal; the label's K entries come on top.
        width: channels of the stage nearest the image; each stage further inwards has twice as many.
        kernel: side of the stride-2 kernels; the paper has 5, and 4 avoids their checkerboard pattern.
        init_std: standard deviation of the initial weights, N(0, init_std).
    """

    paper = PAPER

    def __init__(
        self,
        data: DataSpec,
        *,
        latent_dim: PositiveInt = 110,
        width: PositiveInt = 96,
        kernel: Literal[4, 5] = 5,
        init_std: PositiveFloat = 0.02,
    ) -> None:
        super().__init__()
        base, stages = plan(data, "generator")
        self.latent_dim, self.classes = latent_dim, data.classes
        widths = [width * 2**stage for stage in reversed(range(stages))]  # from the base to the image
        layers: list[nn.Module] = [
            nn.Linear(latent_dim + data.classes, widths[0] * math.prod(base), bias=False),
            nn.Unflatten(1, (widths[0], *base)),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(inplace=True),
        ]
        for before, after in pairwise(widths):
            layers += [doubling(before, after, kernel, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        layers += [doubling(widths[-1], data.shape[0], kernel, bias=True), nn.Tanh()]
        self.net = nn.Sequential(*layers)
        initialise_(self, init_std)

    def forward(self, latent: Tensor, label: Tensor) -> Fields:
        """Make an image of each label.

        Args:
            latent: noise (N, L).
            label: classes (N,) int64 in [0, K).

        Returns:
            "sample" (N, C, H, W) in [-1, 1].
        """
        return {"sample": self.net(torch.cat([latent, one_hot(label, self.classes).to(latent.dtype)], dim=1))}


class ACGANCritic(Critic):
    """3 x 3 convolutions from "sample" (N, C, H, W) in [-1, 1] to raw "score" (N,) and "label_logits" (N, K).

    Each stage halves the side and then refines it at stride 1; every convolution doubles the channels. At 32 pixels
    the defaults give the paper's widths 16, 32, 64, 128, 256, 512 with strides 2, 1, 2, 1, 2, 1.

    Args:
        width: channels of the first convolution.
        max_width: where the doubling of the channels ends; 512 is the paper's widest.
        refine: false leaves out the stride-1 convolutions.
        kernel: side of the stride-2 kernels; the stride-1 kernels are always 3.
        norm: after each convolution but the first. batch makes scores depend on the whole batch, which gradient
            penalties refuse; none.
        dropout: share of activations dropped after each convolution.
        hidden: units of a linear layer before score and logits, so that places are judged by each other; 0: none, as published.
            batch normalises it, too.
        init_std: standard deviation of the initial weights, N(0, init_std).
    """

    paper = PAPER
    gives = frozenset({"score", "label_logits"})

    def __init__(
        self,
        data: DataSpec,
        *,
        width: PositiveInt = 16,
        max_width: PositiveInt = 512,
        refine: bool = True,
        kernel: Literal[3, 4, 5] = 3,
        norm: Literal["batch", "none"] = "batch",
        dropout: Fraction = 0.5,
        hidden: NonNegativeInt = 0,
        init_std: PositiveFloat = 0.02,
    ) -> None:
        super().__init__()
        base, stages = plan(data, "critic")
        strides = [2, 1] * stages if refine else [2] * stages
        widths = [min(width * 2**i, max_width) for i in range(len(strides))]
        self.norm, self.mixes_batch = norm, norm == "batch"
        layers: list[nn.Module] = []
        for before, after, stride in zip([data.shape[0], *widths], widths, strides, strict=False):
            normalised = norm == "batch" and bool(layers)  # all but the first
            side = kernel if stride == 2 else 3
            layers.append(nn.Conv2d(before, after, side, stride, padding=(side - 1) // 2, bias=not normalised))
            if normalised:
                layers.append(nn.BatchNorm2d(after))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            if dropout > 0:
                layers.append(nn.Dropout(dropout))
        layers += [nn.Flatten()]
        units = widths[-1] * math.prod(base)
        if hidden:
            layers += [nn.Linear(units, hidden), *([nn.BatchNorm1d(hidden)] if norm == "batch" else []), nn.LeakyReLU(0.2)]
        self.features = nn.Sequential(*layers)  # -> (N, hidden), or (N, C * H' * W')
        self.score = nn.Linear(hidden or units, 1)
        self.label_logits = nn.Linear(hidden or units, data.classes)
        initialise_(self, init_std)

    def forward(self, sample: Tensor) -> Scores:
        """Judge images and classify them.

        Args:
            sample: (N, C, H, W) in [-1, 1].

        Returns:
            Raw "score" (N,) and raw "label_logits" (N, K), before any softmax.
        """
        features = self.features(sample)
        return {"score": self.score(features).flatten(), "label_logits": self.label_logits(features)}


def plan(data: DataSpec, role: str) -> tuple[tuple[int, int], int]:
    """Rows and columns of the innermost feature map, and how often those of the image halve down to it.

    Raises:
        UserError: where ``data`` has no labels, or is not an image of a size that halves down to the base.
    """
    if "label" not in data.fields or data.classes < 1:
        raise UserError(f"{role} acgan needs labels, which this data lacks", "choose labelled data, or networks without labels")
    return halvings(data, f"{role} acgan")


def doubling(before: int, after: int, kernel: int, *, bias: bool) -> nn.ConvTranspose2d:
    """The transposed convolution of stride 2 that doubles the side exactly."""
    return nn.ConvTranspose2d(before, after, kernel, stride=2, padding=(kernel - 1) // 2, output_padding=kernel % 2, bias=bias)


def initialise_(network: nn.Module, std: float) -> None:
    """The paper's initialisation: weights N(0, std), biases 0; batch norm stays at gain 1."""
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, 0.0, std)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
