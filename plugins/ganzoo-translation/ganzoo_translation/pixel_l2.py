"""The squared distance between what the generator made and what it should have made.

generator:  weight * mean (made - right)^2

Pathak et al., 2016, arXiv:1604.07379.
"""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge
from torch.nn.functional import mse_loss

from ganzoo import DataSpec, Loss, Scheduled, Terms, Turn

from .compared import refuse_strangers, total


class PixelL2(Loss):
    """The mean squared distance of what is made to the data's own, over all values.

    Args:
        weight: factor on the distance.
    """

    paper = "Pathak et al., 2016, arXiv:1604.07379"

    def __init__(self, data: DataSpec, *, weight: Annotated[Scheduled, Ge(0)] = 1.0) -> None:
        super().__init__()
        refuse_strangers("pixel_l2", data)
        self.weight = weight

    def generator_terms(self, turn: Turn) -> Terms:
        """Of each field that the generator makes and the critic looks at."""
        return {"pixel_l2": self.weight * total(mse_loss, turn)}
