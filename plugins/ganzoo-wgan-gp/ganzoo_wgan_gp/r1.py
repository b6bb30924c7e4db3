"""R1: a zero-centred penalty on the critic's gradient at the data.

critic:  gamma / 2 * mean |grad D(x)|^2,    x real

Mescheder et al., 2018, arXiv:1801.04406, equation 9.
"""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge

from ganzoo import DataSpec, Loss, PositiveInt, Scheduled, Terms, Turn


class R1(Loss):
    """Makes the critic flat at the data, so that the original GAN converges locally; added to ``non_saturating``.

    Args:
        gamma: strength of the penalty; the paper's 10.
        every: act every so many steps, with the penalty that many times as strong (lazy regularisation).
    """

    paper = "Mescheder et al., 2018, arXiv:1801.04406; lazily: Karras et al., 2020, arXiv:1912.04958"
    scores = frozenset({"score"})
    gradients = frozenset({"real"})
    per_sample = True

    def __init__(self, data: DataSpec, *, gamma: Annotated[Scheduled, Ge(0)] = 10.0, every: PositiveInt = 1) -> None:
        super().__init__()
        self.gamma, self.every = gamma, every

    def critic_terms(self, turn: Turn) -> Terms:
        """The penalty at the real samples."""
        squared_norms = turn.real_gradients.square().sum(dim=1)
        return {"r1": self.every * self.gamma / 2 * squared_norms.mean()}
