"""Self-attention over the places of a feature map (Zhang et al., 2019, arXiv:1805.08318; as in brain-research/self-attention-gan).

    y = x + gamma o(v softmax(q' k)'),    q = theta(x), k = pool(phi(x)), v = pool(g(x))

with 1 x 1 convolutions theta, phi, g and o, and pooling by the maximum of 2 x 2.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional


class SelfAttention(nn.Module):
    """(N, C, H, W) -> (N, C, H, W). Its gain gamma starts at 0, so that it starts as the identity.

    Args:
        channels: C; queries and keys have an eighth of them, values half.
        wrap: what is done to each convolution when it is made, such as spectral norm.
    """

    def __init__(self, channels: int, wrap: Callable[[nn.Conv2d], nn.Module]) -> None:
        super().__init__()
        narrow, half = max(1, channels // 8), max(1, channels // 2)
        sizes = {"theta": (channels, narrow), "phi": (channels, narrow), "g": (channels, half), "o": (half, channels)}
        self.layers = nn.ModuleDict({name: wrap(nn.Conv2d(*pair, 1, bias=False)) for name, pair in sizes.items()})
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Let each place of (N, C, H, W) look at all others."""
        query = self.layers["theta"](x).flatten(2)
        key, value = (functional.max_pool2d(self.layers[name](x), 2).flatten(2) for name in ("phi", "g"))
        shares = (query.transpose(1, 2) @ key).softmax(dim=2)  # (N, H W, H W / 4)
        seen = (value @ shares.transpose(1, 2)).unflatten(2, x.shape[2:])
        out: Tensor = x + self.gamma * self.layers["o"](seen)
        return out
