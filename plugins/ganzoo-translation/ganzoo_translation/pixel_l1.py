"""The L1 distance between what the generator made and what it should have made.

generator:  weight * mean |made - right|

Isola et al., 2017, arXiv:1611.07004 (weight 100).
"""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge
from torch.nn.functional import l1_loss

from ganzoo import DataSpec, Loss, Scheduled, Terms, Turn

from .compared import refuse_strangers, total


class PixelL1(Loss):
    """The mean absolute distance of what is made to the data's own, over all values.

    Args:
        weight: factor on the distance.
    """

    paper = "Isola et al., 2017, arXiv:1611.07004"

    def __init__(self, data: DataSpec, *, weight: Annotated[Scheduled, Ge(0)] = 100.0) -> None:
        super().__init__()
        refuse_strangers("pixel_l1", data)
        self.weight = weight

    def generator_terms(self, turn: Turn) -> Terms:
        """Of each field that the generator makes and the critic looks at."""
        return {"pixel_l1": self.weight * total(l1_loss, turn)}
