"""LeakyReLU that keeps the size of what goes through it."""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional


class ScaledLeakyReLU(nn.Module):
    """sqrt(2) max(x, slope x), of any shape: after a layer of ``equalised`` with gain 1 (Karras et al., 2020, arXiv:1912.04958).

    Args:
        slope: of negative values.
    """

    def __init__(self, slope: float = 0.2) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """Map each value."""
        return functional.leaky_relu(x, self.slope) * math.sqrt(2)
