"""The reconstruction term of context encoders (Pathak et al., 2016, arXiv:1604.07379).

generator:  weight * sum of m w (G(source) - sample)^2 / (C * sum of m)

with m the mask, 1 in the hole, C channels, and w = border in the pixels of the hole that are at most ``overlap`` pixels from its rim,
1 elsewhere.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import max_pool2d

from ganzoo import DataSpec, Loss, NonNegativeFloat, NonNegativeInt, Terms, Turn, UserError


class Reconstruction(Loss):
    """The mean squared distance to the truth in the hole, larger along its rim.

    Args:
        weight: factor on the distance; the adversarial loss's is 0.001 in the paper.
        overlap: pixels along the inside of the hole's rim that weigh more; the data set's ``overlap``, which shows them.
        border: how much more.
    """

    paper = "Pathak et al., 2016, arXiv:1604.07379; the border as in the authors' code (pathak22/context-encoder)"
    reads = frozenset({"mask"})
    mixes_batch = True

    def __init__(
        self, data: DataSpec, *, weight: NonNegativeFloat = 0.999, overlap: NonNegativeInt = 0, border: NonNegativeFloat = 10.0
    ) -> None:
        super().__init__()
        if len(data.fields.get("mask", ())) != 3:
            raise UserError("this data has no pictures with a hole, no field 'mask'", "set data.mask, of folder or faces", key="data")
        self.weight, self.overlap, self.border = weight, overlap, border

    def generator_terms(self, turn: Turn) -> Terms:
        """The distance."""
        mask = turn.real["mask"]
        error = (turn.fake["sample"] - turn.real["sample"]).square()
        weighted = (mask * (1 + (self.border - 1) * rim(mask, self.overlap)) * error).sum()
        return {"reconstruction": self.weight * weighted / (mask.sum().clamp(min=1) * error.shape[1])}


def rim(mask: Tensor, width: int) -> Tensor:
    """1 in the pixels of the hole that are at most ``width`` from what is around it, 0 elsewhere; (N, 1, H, W)."""
    return mask * max_pool2d(1 - mask, 2 * width + 1, stride=1, padding=width)
