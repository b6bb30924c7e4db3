"""A plugin of one file, and a small run that uses it."""

MARGIN = '''\
from torch.nn.functional import relu

from ganzoo import DataSpec, Loss, NonNegativeFloat, Terms, Turn


class Margin(Loss):
    """Critic: mean max(0, 1 - r) + mean max(0, 1 + f), generator: -mean f.

    Args:
        weight: factor on both sides.
    """

    paper = "Lim and Ye, 2017, arXiv:1705.02894"
    scores = frozenset({"score"})

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def critic_terms(self, turn: Turn) -> Terms:
        scores = turn.both_scores
        real, fake = scores[0]["score"], scores[1]["score"]
        return {"adversarial": self.weight * (relu(1 - real).mean() + relu(1 + fake).mean())}

    def generator_terms(self, turn: Turn) -> Terms:
        return {"adversarial": -self.weight * turn.fake_scores["score"].mean()}
'''

RING = """\
data: {name: ring, count: 64}
generator: {name: mlp, hidden: [8], latent_dim: 2}
critic: {name: mlp, hidden: [8]}
loss: margin
train: {steps: 2, batch_size: 8, device: cpu, threads: 1}
"""
