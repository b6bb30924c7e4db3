"""The content term of SRGAN in pixels (Ledig et al., 2017, arXiv:1609.04802).

generator:  weight * mean over pixels and samples of (G(source) - sample)^2

with values in [-1, 1]. Minimised alone it gives the highest PSNR, and smooth pictures.
"""

from __future__ import annotations

from torch.nn.functional import mse_loss

from ganzoo import DataSpec, Loss, NonNegativeFloat, Terms, Turn


class PixelContent(Loss):
    """The mean squared distance of what is made to what it should be.

    Args:
        weight: factor on the distance.
    """

    paper = "Ledig et al., 2017, arXiv:1609.04802"

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def generator_terms(self, turn: Turn) -> Terms:
        """The distance."""
        return {"content": self.weight * mse_loss(turn.fake["sample"], turn.real["sample"])}
