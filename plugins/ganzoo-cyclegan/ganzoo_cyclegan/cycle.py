"""There and back again is where it began, for G from source x to sample y and F back.

generator:  weight * (mean |F(G(x)) - x| + mean |G(F(y)) - y|)

Zhu et al., 2017, arXiv:1703.10593; weight 10 as in junyanz/CycleGAN.
"""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge
from torch.nn.functional import l1_loss

from ganzoo import DataSpec, Loss, Scheduled, Terms, Turn


class CycleConsistency(Loss):
    """There and back again is where it began, in both domains.

    Args:
        weight: factor on both distances.
    """

    paper = "Zhu et al., 2017, arXiv:1703.10593"
    reads = frozenset({"source"})
    needs = frozenset({"back"})

    def __init__(self, data: DataSpec, *, weight: Annotated[Scheduled, Ge(0)] = 10.0) -> None:
        super().__init__()
        self.weight = weight

    def generator_terms(self, turn: Turn) -> Terms:
        """Both cycles."""
        source = turn.make(turn.fake, route="back")["source"]
        sample = turn.make(turn.on("back").fake)["sample"]
        return {"cycle": self.weight * (l1_loss(source, turn.real["source"]) + l1_loss(sample, turn.real["sample"]))}
