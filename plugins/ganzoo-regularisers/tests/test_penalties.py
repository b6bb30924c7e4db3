# mypy: disable-error-code="no-untyped-call"
from typing import Any

import pytest
import torch
from ganzoo_regularisers import lipschitz_penalty, wgan_div
from ganzoo_regularisers.lipschitz_penalty import LipschitzPenalty
from ganzoo_regularisers.wgan_div import WGANDiv
from torch import Tensor

from ganzoo import Critic, DataSpec, Generator, Loss, Scores, Turn

POINTS = DataSpec({"sample": (2,)})
REAL = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
FAKE = torch.tensor([[-1.0, 1.0], [2.0, 2.0]], dtype=torch.float64)
EPS = torch.tensor([0.25, 0.75], dtype=torch.float64)


class Linear(Critic):
    """w.x, as ``patches`` equal scores."""

    def __init__(self, *weights: float, patches: int = 1) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(weights, dtype=torch.float64))
        self.patches = patches

    def forward(self, sample: Tensor) -> Scores:
        return {"score": (sample.flatten(1) @ self.weight)[:, None].expand(-1, self.patches)}


class Bowl(Critic):
    """|x|^2 / 2, whose gradient is x."""

    def forward(self, sample: Tensor) -> Scores:
        return {"score": sample.square().sum(dim=1) / 2}


class Tanh(Critic):
    """Two smooth layers."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = torch.nn.Linear(2, 5).double(), torch.nn.Linear(5, 3).double()

    def forward(self, sample: Tensor) -> Scores:
        return {"score": self.last(30 * self.first(sample).tanh())}


def penalty(critic: Critic, loss: Loss, real: Tensor = REAL, fake: Tensor = FAKE) -> Tensor:
    turn = Turn("critic", Generator(), critic, {"sample": real}, {}, shared_fake={"sample": fake})
    (term,) = loss.critic_terms(turn).values()
    return term


@pytest.fixture
def known_epsilon(monkeypatch: pytest.MonkeyPatch) -> None:
    def rand(*size: int, **_: Any) -> Tensor:
        return EPS.reshape(size)

    monkeypatch.setattr(torch, "rand", rand)


def check_values() -> None:
    assert penalty(Linear(3, 4), WGANDiv(POINTS)).item() == pytest.approx(2 * 5**6, abs=1e-6)
    assert penalty(Linear(3, 4), WGANDiv(POINTS, weight=1.0, power=2)).item() == pytest.approx(25.0, abs=1e-6)
    assert penalty(Linear(3, 4), LipschitzPenalty(POINTS)).item() == pytest.approx(160.0, abs=1e-6)
    assert penalty(Linear(0.3, 0.4), LipschitzPenalty(POINTS)).item() == 0.0
    for patches in (1, 9):
        images = torch.randn(5, 1, 4, 4, dtype=torch.float64)
        critic = Linear(*[1.0] * 16, patches=patches)
        assert penalty(critic, LipschitzPenalty(POINTS, weight=1.0), images, -images).item() == pytest.approx(9.0, abs=1e-6)
        assert penalty(critic, WGANDiv(POINTS, weight=1.0, power=2), images, -images).item() == pytest.approx(16.0, abs=1e-6)


def test_penalties_meet_the_closed_form() -> None:
    check_values()


@pytest.mark.usefixtures("known_epsilon")
def test_penalties_are_taken_between_real_and_fake() -> None:
    squares = (0.5**2 + 0.75**2, 0.5**2 + 2**2)  # of eps x + (1 - eps) G(z), where Bowl has its gradient
    assert penalty(Bowl(), WGANDiv(POINTS)).item() == pytest.approx(sum(s**3 for s in squares), abs=1e-6)
    excess = squares[1] ** 0.5 - 1
    assert penalty(Bowl(), LipschitzPenalty(POINTS)).item() == pytest.approx(5 * excess**2, abs=1e-6)


@pytest.mark.parametrize(
    "faulty",
    [lambda norms: norms.norm().expand(len(norms)), lambda norms: norms * 9, lambda norms: norms / 4],
    ids=["over the whole batch", "the sum of patches", "over a row"],
)
def test_faulty_norms_are_seen(faulty: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (wgan_div, lipschitz_penalty):
        right = module.gradient_norms
        monkeypatch.setattr(module, "gradient_norms", lambda turn, right=right: faulty(right(turn)))
    with pytest.raises(AssertionError):
        check_values()


@pytest.mark.parametrize("loss", [WGANDiv(POINTS, power=3), LipschitzPenalty(POINTS)])
@pytest.mark.usefixtures("known_epsilon")
def test_gradients_of_the_penalties_agree_with_finite_differences(loss: Loss) -> None:
    torch.manual_seed(0)
    critic = Tanh()
    weights = [critic.first.weight, critic.last.weight]
    gradients = torch.autograd.grad(penalty(critic, loss), weights)
    assert gradients[0].abs().max() > 1e-3
    for weight, gradient in zip(weights, gradients, strict=True):
        for place in ((0, 0), (2, 1)):
            values = []
            for step in (1e-6, -2e-6, 1e-6):
                with torch.no_grad():
                    weight[place] += step
                values.append(penalty(critic, loss).item())
            assert gradient[place].item() == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("loss", [WGANDiv(POINTS), WGANDiv(POINTS, power=1), LipschitzPenalty(POINTS)])
def test_penalties_of_a_flat_critic_have_a_finite_gradient(loss: Loss) -> None:
    critic = Linear(0, 0)
    penalty(critic, loss).backward()
    assert critic.weight.grad is not None
    assert critic.weight.grad.tolist() == [0.0, 0.0]


def test_penalties_are_the_critics_alone_and_leave_the_generator_be() -> None:
    for loss in (WGANDiv(POINTS), LipschitzPenalty(POINTS)):
        fake = FAKE.clone().requires_grad_()
        penalty(Bowl(), loss, fake=fake).requires_grad_().backward()
        assert fake.grad is None
        assert loss.per_sample
