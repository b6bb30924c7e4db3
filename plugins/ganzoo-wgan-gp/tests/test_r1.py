"""R1, and what penalties on gradients share: patches of scores, several fields, any shape."""

# mypy: disable-error-code="no-untyped-call"

import pytest
import torch
from ganzoo_wgan_gp.gradient_penalty import GradientPenalty
from ganzoo_wgan_gp.r1 import R1
from penalised import FAKE, POINTS, REAL, Bowl, Linear, penalty, turn_of
from torch import Tensor

from ganzoo import Critic, Fields, Generator, Scores, Turn, route


class TwoFields(Critic):
    """x.(3, 4) + 12 y along the route "pair", which reads two fields."""

    def forward(self, sample: Tensor) -> Scores:
        return {"score": sample[:, 0]}

    @route(gives={"score"})
    def pair(self, sample: Tensor, other: Tensor) -> Scores:
        return {"score": sample @ torch.tensor([3.0, 4.0]) + 12 * other[:, 0]}


class MakesBoth(Generator):
    @route(gives={"sample", "other"})
    def pair(self, sample: Tensor, other: Tensor) -> Fields:
        return {"sample": sample + 1, "other": other + 1}


def test_penalties_take_the_gradient_by_all_fields_that_a_route_compares() -> None:
    turn = Turn("critic", MakesBoth(), TwoFields(), {"sample": torch.zeros(2, 2), "other": torch.zeros(2, 1)}, {}).on("pair")
    assert R1(POINTS).critic_terms(turn)["r1"].item() == pytest.approx(5 * 13**2)
    assert GradientPenalty(POINTS).critic_terms(turn)["gradient_penalty"].item() == pytest.approx(10 * 12**2)


def test_r1_meets_the_closed_form() -> None:
    def value(critic: Critic, **parameters: float) -> float:
        return R1(POINTS, **parameters).critic_terms(turn_of(critic))["r1"].item()  # type: ignore[arg-type]

    assert value(Linear(3, 4)) == pytest.approx(125.0, abs=1e-6)
    assert value(Bowl()) == pytest.approx(12.5, abs=1e-6)  # at the data: at the fakes it would be 25
    assert value(Bowl(), gamma=1.0) == pytest.approx(1.25, abs=1e-6)
    assert value(Bowl(), gamma=1.0, every=16) == pytest.approx(20.0, abs=1e-6)
    assert R1(POINTS, every=16).every == 16


class Patches(Critic):
    """3 x 3 scores a sample, the patch k of which is k times w.x."""

    def __init__(self, *weights: float) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(weights, dtype=torch.float64))

    def forward(self, sample: Tensor) -> Scores:
        return {"score": (sample @ self.weight)[:, None, None] * torch.arange(9, dtype=torch.float64).reshape(3, 3)}


def test_penalties_of_patch_scores_are_those_of_their_mean() -> None:
    """The mean of 0 to 8 is 4: D's mean score is 4 w.x, with a gradient of norm 20; the sum's would be 9 times that."""
    assert penalty(Patches(3, 4)).item() == pytest.approx(19.0**2, abs=1e-6)
    assert R1(POINTS).critic_terms(turn_of(Patches(3, 4)))["r1"].item() == pytest.approx(10 / 2 * 400, abs=1e-6)
    one, many = Linear(12, 16), Patches(3, 4)
    assert penalty(one).item() == pytest.approx(penalty(many).item(), abs=1e-9)


@pytest.mark.parametrize("shape", [(1,), (1, 1), (5, 2)])
def test_penalties_take_any_shape_of_scores_and_one_sample(shape: tuple[int, ...]) -> None:
    class Shaped(Critic):
        def forward(self, sample: Tensor) -> Scores:
            return {"score": (3 * sample[:, 0] + 4 * sample[:, 1]).reshape(-1, *[1] * len(shape)).expand(-1, *shape)}

    for n in (1, 2):
        assert penalty(Shaped(), real=REAL[:n], fake=FAKE[:n]).item() == pytest.approx(16.0, abs=1e-6)
        assert R1(POINTS).critic_terms(turn_of(Shaped(), REAL[:n]))["r1"].item() == pytest.approx(125.0, abs=1e-6)


def test_r1_gradient() -> None:
    critic = Linear(3, 4)
    R1(POINTS).critic_terms(turn_of(critic))["r1"].backward()
    assert critic.weight.grad is not None
    assert critic.weight.grad.tolist() == pytest.approx([30.0, 40.0], abs=1e-6)  # gamma w
