# mypy: disable-error-code="no-untyped-call"
import pytest
import torch
from ganzoo_wgan_gp.r1 import R1
from ganzoo_wgan_gp.r2 import R2
from pydantic import ValidationError
from torch import Tensor

from ganzoo import Critic, DataSpec, Generator, Scores, Terms, Turn
from ganzoo.params import model_of
from ganzoo.registry import Registry

POINTS = DataSpec({"sample": (2,)})
REAL = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
FAKE = torch.tensor([[-1.0, 1.0], [2.0, 2.0]], dtype=torch.float64)


class Bowl(Critic):
    """w |x|^2 / 2, whose gradient is w x."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones((), dtype=torch.float64))

    def forward(self, sample: Tensor) -> Scores:
        return {"score": self.weight * sample.square().sum(dim=1) / 2}


def turn_of(fake: Tensor = FAKE) -> Turn:
    return Turn("critic", Generator(), Bowl(), {"sample": REAL}, {}, shared_fake={"sample": fake})


def check_values(cls: type[R2]) -> None:
    def value(**parameters: float) -> float:
        return cls(POINTS, **parameters).critic_terms(turn_of())["r2"].item()  # type: ignore[arg-type]

    assert value() == pytest.approx(25.0, abs=1e-6)  # 10 / 2 (2 + 8) / 2
    assert value(gamma=1.0) == pytest.approx(2.5, abs=1e-6)
    assert value(gamma=1.0, every=16) == pytest.approx(40.0, abs=1e-6)


def test_r2_meets_the_closed_form() -> None:
    check_values(R2)
    assert R2(POINTS, every=16).every == 16


class AtTheData(R2):
    """A fault: the penalty at the real samples."""

    def critic_terms(self, turn: Turn) -> Terms:
        return {"r2": R1(POINTS, gamma=self.gamma, every=self.every).critic_terms(turn)["r1"]}


def test_a_penalty_at_the_data_is_seen() -> None:
    with pytest.raises(AssertionError):
        check_values(AtTheData)


def test_the_gradient_is_that_of_the_critic_alone() -> None:
    fake = FAKE.clone().requires_grad_()
    turn = turn_of(fake)
    R2(POINTS).critic_terms(turn)["r2"].backward()
    assert fake.grad is None
    (weight,) = turn._critic.parameters()
    assert weight.grad is not None
    assert weight.grad.item() == pytest.approx(50.0, abs=1e-6)  # of 25 w^2
    assert R2(POINTS).generator_terms(turn) == {}


def test_both_penalties_take_one_forward_and_equal_central_differences() -> None:
    class Smooth(Bowl):
        forwards = 0

        def forward(self, sample: Tensor) -> Scores:
            self.forwards += 1
            return {"score": (self.weight * sample[:, 0] * sample[:, 1].sin()).exp()}

    critic, losses = Smooth(), (R1(POINTS, gamma=2.0), R2(POINTS, gamma=4.0))
    turn = Turn("critic", Generator(), critic, {"sample": REAL}, {}, shared_fake={"sample": FAKE}, views=losses)
    found = [term.item() for loss in losses for term in loss.critic_terms(turn).values()]
    assert critic.forwards == 1
    for value, gamma, points in zip(found, (2.0, 4.0), (REAL, FAKE), strict=True):
        slopes = []
        for axis in torch.eye(2, dtype=torch.float64) * 1e-5:
            slopes.append((critic(points + axis)["score"] - critic(points - axis)["score"]) / 2e-5)
        assert value == pytest.approx(gamma / 2 * torch.stack(slopes).square().sum(0).mean().item(), rel=1e-6)


def test_parameters_are_validated_and_the_name_leads_to_the_class() -> None:
    for bad in ('{"every": 0}', '{"gamma": -1}'):
        with pytest.raises(ValidationError):
            model_of(R2).model_validate_json(bad)
    assert Registry.installed().find("loss", "ganzoo-wgan-gp/r2").load() is R2
