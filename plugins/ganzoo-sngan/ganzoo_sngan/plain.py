"""The plain convolutional critic of SNGAN (Miyato et al., 2018, arXiv:1802.05957), for images of many sizes."""

from __future__ import annotations

import math
from itertools import pairwise

from ganzoo_layers.sizes import halvings
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo import Critic, DataSpec, PositiveInt, Scores


class SNGANCritic(Critic):
    """Pairs of convolutions from "sample" (N, C, H, W) in [-1, 1] to one raw "score" (N,), each of spectral norm 1.

    A pair is a 3 x 3 convolution and a 4 x 4 one of stride 2; the channels double from pair to pair. At 32 pixels the defaults are the
    paper's: 64, 64, 128, 128, 256, 256, 512 and a linear layer. The norm is estimated by ``iterations`` of the power method in each
    forward of the training, on vectors that checkpoints keep.

    Args:
        width: channels of the first pair.
        iterations: of the power method in a forward.
    """

    paper = "Miyato et al., 2018, arXiv:1802.05957"

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64, iterations: PositiveInt = 1) -> None:
        super().__init__()
        base, stages = halvings(data, "critic sngan")
        widths = [width * 2**stage for stage in range(stages + 1)]
        layers: list[nn.Module] = [nn.Conv2d(data.shape[0], width, 3, padding=1), nn.LeakyReLU(0.1)]
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, before, 4, 2, padding=1), nn.LeakyReLU(0.1)]
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.LeakyReLU(0.1)]
        layers += [nn.Flatten(), nn.Linear(widths[-1] * math.prod(base), 1), nn.Flatten(0)]
        self.net = nn.Sequential(*(normalised(layer, iterations) for layer in layers))

    def forward(self, sample: Tensor) -> Scores:
        """Judge images.

        Args:
            sample: (N, C, H, W) in [-1, 1].

        Returns:
            Raw "score" (N,).
        """
        return {"score": self.net(sample)}


def normalised(layer: nn.Module, iterations: int = 1, gain: float = 1.0) -> nn.Module:
    """A convolution or linear layer with Glorot's weights, a bias of 0 and spectral norm 1; any other layer as it is."""
    if not isinstance(layer, (nn.Conv2d, nn.Linear)):
        return layer
    nn.init.xavier_uniform_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return spectral_norm(layer, n_power_iterations=iterations)
