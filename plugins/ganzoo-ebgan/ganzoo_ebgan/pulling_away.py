"""EBGAN's pulling-away term: the codes of a batch of fakes are to be orthogonal.

generator:  weight / (N (N - 1)) * sum over i, j != i of (c_i . c_j / (|c_i| |c_j|))^2

with c_i the critic's code of the i-th fake. Zhao et al., 2017, arXiv:1609.03126.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import normalize

from ganzoo import DataSpec, Loss, NonNegativeFloat, Terms, Turn


class PullingAway(Loss):
    """Keeps fakes from being all alike; added to ``ebgan``, for a critic that gives "code" (N, F).

    Args:
        weight: factor on the term; 0.1 is usual.
    """

    paper = "Zhao et al., 2017, arXiv:1609.03126"
    scores = frozenset({"code"})

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 0.1) -> None:
        super().__init__()
        self.weight = weight

    def generator_terms(self, turn: Turn) -> Terms:
        """The mean squared cosine of two different fakes' codes; 0 for a batch of one."""
        return {"pulling_away": self.weight * squared_cosines(turn.fake_scores["code"])}


def squared_cosines(code: Tensor) -> Tensor:
    """Mean over all pairs of two different rows of codes (N, *)."""
    rows = normalize(code.reshape(len(code), -1), dim=1)
    n = len(rows)
    squares = (rows @ rows.T).square()
    return (squares.sum() - squares.diagonal().sum()) / max(n * (n - 1), 1)
