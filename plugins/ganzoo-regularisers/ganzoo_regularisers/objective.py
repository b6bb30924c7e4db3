"""What a critic minimises, as a function of its parameters."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Scores, Turn


class Objective(nn.Module):
    """The cross entropy of a turn's samples, by the critic whose parameters `torch.func.functional_call` puts in.

    Args:
        turn: whose samples are judged, as it judges them.
    """

    def __init__(self, turn: Turn) -> None:
        super().__init__()
        self.critic, self.turn = turn.critic, turn

    def forward(self) -> Tensor:
        """Judge real samples and fakes."""
        return cross_entropy(self.turn.judge(self.turn.real), self.turn.judge(self.turn.fake))


def cross_entropy(real: Scores, fake: Scores) -> Tensor:
    """Of raw scores, in nats: of real samples plus of fakes."""
    return softplus(-real["score"]).mean() + softplus(fake["score"]).mean()
