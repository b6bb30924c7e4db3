"""BigGAN's orthogonal regularisation: the filters of a layer point in different directions, whatever their lengths.

generator:  weight * sum over layers of |W W' (1 - I)|^2, entry by entry

with a row of W for each output of a linear layer or convolution; embeddings are left out. Brock et al., 2019, arXiv:1809.11096, written
there for columns; rows as in ajbrock/BigGAN-PyTorch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo import DataSpec, Loss, NonNegativeFloat, Terms, Turn


class Orthogonal(Loss):
    """Lets a generator be sampled from a truncated prior; added to an adversarial loss. Below spectral norm, it acts on the raw weights.

    Args:
        weight: factor on the term.
    """

    paper = "Brock et al., 2019, arXiv:1809.11096"

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 1e-4) -> None:
        super().__init__()
        self.weight = weight

    def generator_terms(self, turn: Turn) -> Terms:
        """The squares of the products of different filters."""
        total = sum((off_diagonal(weight) for weight in weights_of(turn.generator)), torch.zeros((), device=turn.fake["sample"].device))
        return {"orthogonal": self.weight * total}


def weights_of(network: nn.Module) -> list[Tensor]:
    """The weights of linear layers and convolutions, below any parametrisation."""
    layers = [module for module in network.modules() if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d))]
    return [parameter for layer in layers for parameter in layer.parameters() if parameter.dim() > 1]


def off_diagonal(weight: Tensor) -> Tensor:
    """Sum of the squared products of different rows of ``weight`` (rows, *)."""
    gram = weight.flatten(1) @ weight.flatten(1).T
    return gram.square().sum() - gram.diagonal().square().sum()
