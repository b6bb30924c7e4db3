"""InfoGAN's networks for digits (Chen et al., 2016, arXiv:1606.03657), for images of many sizes.

The innermost window is 7 x 7 for 28 pixels, 8 x 8 for 32 or 64; each stage doubles or halves the sides by a 4 x 4 kernel of stride 2.
Legend: N samples, C channels, L latent_dim, K categories, D continuous codes.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

import torch
from ganzoo_layers.sizes import halvings
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ganzoo import Critic, DataSpec, Fields, Generator, PositiveInt, Scores

PAPER = "Chen et al., 2016, arXiv:1606.03657"


class InfoGANGenerator(Generator):
    """From "latent" (N, L), "category" (N, K) and "continuous" (N, D) to "sample" (N, C, H, W) in [-1, 1].

    The three are drawn: normal, one-hot with equal chances, and uniform in [-1, 1].

    Args:
        latent_dim: length L of the noise vector.
        categories: number K of categories.
        continuous: number D of continuous codes.
        width: channels of the stage nearest the image; each stage further inwards has twice as many.
        hidden: units of the first layer.
    """

    paper = PAPER

    def __init__(
        self,
        data: DataSpec,
        *,
        latent_dim: PositiveInt = 62,
        categories: PositiveInt = 10,
        continuous: PositiveInt = 2,
        width: PositiveInt = 64,
        hidden: PositiveInt = 1024,
    ) -> None:
        super().__init__()
        base, widths = plan(data, width)
        widths = widths[::-1]  # from the base to the image
        self.latent_dim, self.categories, self.continuous = latent_dim, categories, continuous
        inner = widths[0] * math.prod(base)
        layers: list[nn.Module] = [
            *(nn.Linear(latent_dim + categories + continuous, hidden), nn.BatchNorm1d(hidden), nn.ReLU()),
            *(nn.Linear(hidden, inner), nn.BatchNorm1d(inner), nn.ReLU(), nn.Unflatten(1, (widths[0], *base))),
        ]
        for before, after in pairwise(widths):
            layers += [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        self.net = nn.Sequential(*layers, nn.ConvTranspose2d(widths[-1], data.shape[0], 4, stride=2, padding=1), nn.Tanh())

    def draw(self, n: int, device: torch.device | None = None) -> Fields:
        """Draw noise and codes ``n`` times."""
        category = torch.randint(self.categories, (n,), device=device)
        return {
            **super().draw(n, device),
            "category": one_hot(category, self.categories).to(torch.get_default_dtype()),
            "continuous": torch.rand(n, self.continuous, device=device) * 2 - 1,
        }

    def forward(self, latent: Tensor, category: Tensor, continuous: Tensor) -> Fields:
        """Make images.

        Args:
            latent: noise (N, L).
            category: one-hot (N, K).
            continuous: codes (N, D) in [-1, 1].

        Returns:
            "sample" (N, C, H, W) in [-1, 1].
        """
        return {"sample": self.net(torch.cat([latent, category, continuous], dim=1))}


class InfoGANCritic(Critic):
    """From "sample" (N, C, H, W) to raw "score" (N,), "category_logits" (N, K) and "continuous_mean" (N, D).

    The three share all but their last layers, as in the paper.

    Args:
        categories: number K of categories, as the generator's.
        continuous: number D of continuous codes, as the generator's.
        width: channels of the stage nearest the image; each stage further inwards has twice as many.
        hidden: units of the shared linear layer.
        recogniser: units of the layer that the codes have for themselves.
        norm: batch after each layer but the first, as published, which penalties refuse; none.
    """

    paper = PAPER
    gives = frozenset({"score", "category_logits", "continuous_mean"})

    def __init__(
        self,
        data: DataSpec,
        *,
        categories: PositiveInt = 10,
        continuous: PositiveInt = 2,
        width: PositiveInt = 64,
        hidden: PositiveInt = 1024,
        recogniser: PositiveInt = 128,
        norm: Literal["batch", "none"] = "batch",
    ) -> None:
        super().__init__()
        base, widths = plan(data, width)
        self.norm, self.mixes_batch = norm, norm == "batch"
        layers: list[nn.Module] = [nn.Conv2d(data.shape[0], widths[0], 4, stride=2, padding=1), nn.LeakyReLU(0.1)]
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), *([nn.BatchNorm2d(after)] if norm == "batch" else [])]
            layers += [nn.LeakyReLU(0.1)]
        layers += [nn.Flatten(), *self._linear(widths[-1] * math.prod(base), hidden)]
        self.shared, self.score = nn.Sequential(*layers), nn.Linear(hidden, 1)
        self.recogniser = nn.Sequential(*self._linear(hidden, recogniser))
        self.category, self.mean = nn.Linear(recogniser, categories), nn.Linear(recogniser, continuous)

    def _linear(self, before: int, after: int) -> list[nn.Module]:
        return [nn.Linear(before, after), *([nn.BatchNorm1d(after)] if self.norm == "batch" else []), nn.LeakyReLU(0.1)]

    def forward(self, sample: Tensor) -> Scores:
        """Judge images and recognise their codes.

        Args:
            sample: (N, C, H, W) in [-1, 1].

        Returns:
            Raw "score" (N,), raw "category_logits" (N, K), and "continuous_mean" (N, D).
        """
        shared = self.shared(sample)
        codes = self.recogniser(shared)
        return {"score": self.score(shared).flatten(), "category_logits": self.category(codes), "continuous_mean": self.mean(codes)}


def plan(data: DataSpec, width: int) -> tuple[tuple[int, int], list[int]]:
    """Rows and columns of the innermost window, and the channels of each stage from the image inwards.

    Raises:
        UserError: where ``data`` is not an image of a size that halves down to the window.
    """
    base, stages = halvings(data, "infogan", base=7, least=1)
    return base, [width * 2**stage for stage in range(stages)]
