"""Critics whose gradients are known, and points that they judge."""

import torch
from ganzoo_wgan_gp.gradient_penalty import GradientPenalty
from torch import Tensor

from ganzoo import Critic, DataSpec, Generator, Loss, Scores, Turn

POINTS = DataSpec({"sample": (2,)})
REAL = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
FAKE = torch.tensor([[-1.0, 1.0], [2.0, 2.0]], dtype=torch.float64)


class Linear(Critic):
    """w.x + 7."""

    def __init__(self, *weights: float) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(weights, dtype=torch.float64))

    def forward(self, sample: Tensor) -> Scores:
        return {"score": sample @ self.weight + 7}


class Bowl(Critic):
    """|x|^2 / 2, whose gradient is x."""

    def forward(self, sample: Tensor) -> Scores:
        return {"score": sample.flatten(1).square().sum(dim=1) / 2}


def turn_of(critic: Critic, real: Tensor = REAL, fake: Tensor = FAKE) -> Turn:
    return Turn("critic", Generator(), critic, {"sample": real}, {}, shared_fake={"sample": fake})


def penalty(critic: Critic, loss: Loss | None = None, real: Tensor = REAL, fake: Tensor = FAKE) -> Tensor:
    return (loss or GradientPenalty(POINTS, weight=1.0)).critic_terms(turn_of(critic, real, fake))["gradient_penalty"]
