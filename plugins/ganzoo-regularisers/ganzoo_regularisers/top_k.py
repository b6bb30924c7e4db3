"""Top-k training: the generator learns only from those fakes of a batch that the critic likes best.

generator:  the gradient of each other loss reaches the k fakes of the highest score alone, and is averaged over these k

k <- ceil(N max(least, decay^(updates // epoch))), from N, the batch. Sinha et al., 2020, arXiv:2002.06224.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import DataSpec, Fields, Fraction, Loss, PositiveInt, Turn


class TopKFakes(Loss):
    """Goes with any adversarial loss. It costs the generator's turn one more forward of the critic.

    Args:
        least: share of the batch that is always kept; the paper's 0.5.
        decay: factor on the share after each epoch; the paper's 0.99.
        epoch: generator updates in what counts as an epoch.
    """

    paper = "Sinha et al., 2020, arXiv:2002.06224"
    scores = frozenset({"score"})
    mixes_batch = True
    updates: Tensor

    def __init__(self, data: DataSpec, *, least: Fraction = 0.5, decay: Fraction = 0.99, epoch: PositiveInt = 100) -> None:
        super().__init__()
        self.least, self.decay, self.epoch = least, decay, epoch
        self.register_buffer("updates", torch.zeros(()))

    def view(self, fields: Fields, place: str, turn: Turn) -> Fields:
        """Fakes of the generator's turn: the same values, with a gradient for the best k."""
        if place != "fake" or turn.side != "generator":
            return fields
        with torch.no_grad():
            score = turn.judge(fields)["score"]
            score = score.reshape(len(score), -1).mean(dim=1)
            n = len(score)
            share = (self.decay ** (self.updates / self.epoch).floor()).clamp(min=self.least)
            k = (share * n).ceil().clamp(min=1)
            rank = score.argsort(descending=True).argsort()
            factor = (rank < k) * n / k  # losses average over n, the paper over k
        sample = fields["sample"]
        factor = factor.to(sample.dtype).reshape(-1, *[1] * (sample.dim() - 1))
        return fields | {"sample": sample.detach() + factor * (sample - sample.detach())}

    def after(self, turn: Turn) -> None:
        """Count the generator's updates."""
        if turn.side == "generator":
            self.updates.add_(1)
