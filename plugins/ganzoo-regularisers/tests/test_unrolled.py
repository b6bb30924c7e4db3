import math

import pytest
import torch
from ganzoo_regularisers.unrolled import Unrolled
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Generator, Scores, Turn

POINTS = DataSpec({"sample": (1,)})


class Line(Critic):
    """w x, with batch norm that counts what it sees, where asked for."""

    def __init__(self, slope: float = 0.5, norm: bool = False) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope, dtype=torch.float64))
        self.norm_layer = nn.BatchNorm1d(1).double() if norm else nn.Identity()

    def forward(self, sample: Tensor) -> Scores:
        return {"score": self.slope * self.norm_layer(sample)[:, 0]}


def term(critic: Critic, fake: Tensor, steps: int, real: float = 1.0) -> Tensor:
    batch = {"sample": torch.full_like(fake, real).detach()}
    turn = Turn("generator", Generator(), critic, batch, {}, shared_fake={"sample": fake})
    return Unrolled(POINTS, steps=steps, rate=0.2).generator_terms(turn)["adversarial"]


def cost(w: float, x: float, y: float) -> float:
    return math.log1p(math.exp(-w * x)) + math.log1p(math.exp(w * y))


def descended(w: float, x: float, y: float, steps: int) -> float:
    for _ in range(steps):
        w -= 0.2 * (-x / (1 + math.exp(w * x)) + y / (1 + math.exp(-w * y)))
    return w


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_the_generator_meets_the_critic_after_its_steps_and_the_gradient_goes_through_them(steps: int) -> None:
    critic = Line()
    fake = torch.tensor([[-0.7]], dtype=torch.float64, requires_grad=True)
    value = term(critic, fake, steps)

    def expected(y: float) -> float:
        return -cost(descended(0.5, 1.0, y, steps), 1.0, y)

    assert value.item() == pytest.approx(expected(-0.7), abs=1e-12)
    (gradient,) = torch.autograd.grad(value, fake)
    # Where the steps were cut off from the gradient, that of the last critic alone would be left.
    assert gradient.item() == pytest.approx((expected(-0.7 + 1e-5) - expected(-0.7 - 1e-5)) / 2e-5, abs=1e-8)
    assert critic.slope.item() == 0.5
    assert critic.slope.grad is None


def test_the_critic_minimises_the_cross_entropy() -> None:
    real, fake = torch.tensor([[1.0]], dtype=torch.float64), torch.tensor([[-0.7]], dtype=torch.float64)
    turn = Turn("critic", Generator(), Line(), {"sample": real}, {}, shared_fake={"sample": fake})
    assert Unrolled(POINTS).critic_terms(turn)["adversarial"].item() == pytest.approx(cost(0.5, 1.0, -0.7), abs=1e-12)


def test_batch_norm_counts_no_imagined_step() -> None:
    critic = Line(norm=True)
    term(critic, torch.tensor([[-0.7], [0.3]], dtype=torch.float64, requires_grad=True), 3)
    assert isinstance(critic.norm_layer, nn.BatchNorm1d)
    assert critic.norm_layer.num_batches_tracked == 0
