"""The pulling-away term of EBGAN: the codes of a batch's fakes are to point in different directions.

generator:  weight / (N (N - 1)) * sum over i of sum over j, j not i, of (s_i . s_j / (|s_i| |s_j|))^2

with s_i the critic's code of fake i of N. Zhao et al., 2017, arXiv:1609.03126.
"""

from __future__ import annotations

import torch
from torch.nn.functional import normalize

from ganzoo import DataSpec, Loss, NonNegativeFloat, Terms, Turn


class PullingAway(Loss):
    """Added to `energy_margin`; of critics that give a "code" (N, C).

    Args:
        weight: factor on the term.
    """

    paper = "Zhao et al., 2017, arXiv:1609.03126"
    scores = frozenset({"code"})
    mixes_batch = True

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 0.1) -> None:
        super().__init__()
        self.weight = weight

    def generator_terms(self, turn: Turn) -> Terms:
        """The mean squared cosine of two codes; 0 for a single one."""
        code = turn.fake_scores["code"]
        direction = normalize(code.reshape(len(code), -1), dim=1)
        cosines = direction @ direction.T
        others = 1 - torch.eye(len(code), dtype=code.dtype, device=code.device)
        return {"pulling_away": self.weight * (cosines * others).square().sum() / max(1, len(code) * (len(code) - 1))}
