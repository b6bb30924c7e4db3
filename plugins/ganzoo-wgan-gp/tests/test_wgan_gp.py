# mypy: disable-error-code="no-untyped-call"
import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from ganzoo_wgan_gp import gradient_penalty
from ganzoo_wgan_gp.gradient_penalty import GradientPenalty, interpolate
from ganzoo_wgan_gp.r1 import R1
from penalised import FAKE, POINTS, REAL, Bowl, Linear, penalty, turn_of
from pydantic import ValidationError
from torch import Tensor

from ganzoo import Critic, Generator, Scores, Turn
from ganzoo.params import model_of
from ganzoo.registry import Registry

EPS = torch.tensor([0.25, 0.75], dtype=torch.float64)


class Sum(Critic):
    """The sum of all values."""

    def forward(self, sample: Tensor) -> Scores:
        return {"score": sample.flatten(1).sum(dim=1)}


class Labelled(Critic):
    """Remembers the labels it was shown."""

    def forward(self, sample: Tensor, label: Tensor) -> Scores:
        self.seen = label
        return {"score": sample.sum(dim=1)}


@pytest.fixture
def known_epsilon(monkeypatch: pytest.MonkeyPatch) -> None:
    def rand(*size: int, **_: Any) -> Tensor:
        return EPS[: math.prod(size)].reshape(size)

    monkeypatch.setattr(torch, "rand", rand)


def test_penalty_meets_the_closed_form() -> None:
    one_sided = GradientPenalty(POINTS, weight=1.0, one_sided=True)
    assert penalty(Linear(3, 4)).item() == pytest.approx(16.0, abs=1e-6)
    assert penalty(Linear(3, 4), one_sided).item() == pytest.approx(16.0, abs=1e-6)
    assert penalty(Linear(0.6, 0.8)).item() == pytest.approx(0.0, abs=1e-6)
    assert penalty(Linear(0.3, 0.4)).item() == pytest.approx(0.25, abs=1e-6)
    assert penalty(Linear(0.3, 0.4), one_sided).item() == pytest.approx(0.0, abs=1e-6)
    assert penalty(Linear(0, 0)).item() == pytest.approx(1.0, abs=1e-6)
    assert penalty(Linear(3, 4), GradientPenalty(POINTS, weight=2.0, target=3.0)).item() == pytest.approx(8.0, abs=1e-6)


def test_penalty_of_a_flat_critic_has_a_finite_gradient() -> None:
    critic = Linear(0, 0)
    penalty(critic).backward()
    assert critic.weight.grad is not None
    assert critic.weight.grad.tolist() == [0.0, 0.0]


def check_interpolation() -> None:
    assert penalty(Bowl()).item() == pytest.approx(0.568309368325, abs=1e-6)


@pytest.mark.usefixtures("known_epsilon")
def test_penalty_is_taken_between_real_and_fake() -> None:
    check_interpolation()


@pytest.mark.parametrize(
    "faulty",
    [
        lambda reals, fakes: [torch.rand(1) * reals[0] + (1 - torch.rand(1)) * fakes[0]],  # one epsilon for the whole batch
        lambda reals, fakes: interpolate(fakes, reals),  # the ends exchanged
        lambda reals, fakes: reals,
    ],
)
@pytest.mark.usefixtures("known_epsilon")
def test_faulty_interpolations_are_seen(faulty: Callable[..., list[Tensor]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient_penalty, "interpolate", faulty)
    with pytest.raises(AssertionError):
        check_interpolation()


def test_each_sample_has_one_epsilon_of_its_own() -> None:
    between, beside = (field.flatten(1) for field in interpolate([torch.zeros(64, 3, 4, 4)] * 2, [torch.ones(64, 3, 4, 4)] * 2))
    assert torch.equal(between, beside)  # of a sample that has two fields
    assert torch.equal(between, between[:, :1].expand(-1, 48))
    assert between[:, 0].unique().numel() > 32
    assert between.min() >= 0
    assert between.max() <= 1


def check_norm() -> None:
    images = torch.randn(5, 1, 4, 4, dtype=torch.float64)
    assert penalty(Sum(), real=images, fake=-images).item() == pytest.approx(9.0, abs=1e-6)


def test_norm_is_over_all_of_a_sample() -> None:
    check_norm()


@pytest.mark.parametrize("shape", [(-1, 1), (1, -1), (20, 4)], ids=["over channels only", "over the whole batch", "over a row"])
def test_faulty_norms_are_seen(shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    right = gradient_penalty.score_gradients
    monkeypatch.setattr(gradient_penalty, "score_gradients", lambda turn, fields: right(turn, fields).reshape(shape))
    with pytest.raises(AssertionError):
        check_norm()


def test_gradient_of_the_penalty() -> None:
    critic = Linear(3, 4)
    penalty(critic, GradientPenalty(POINTS, weight=10.0)).backward()
    assert critic.weight.grad is not None
    assert critic.weight.grad.tolist() == pytest.approx([48.0, 64.0], abs=1e-6)


def test_total_with_the_wasserstein_loss() -> None:
    turn = turn_of(Linear(3, 4))
    terms = GradientPenalty(POINTS).critic_terms(turn)
    total = turn.fake_scores["score"].mean() - turn.real_scores["score"].mean() + terms["gradient_penalty"]
    assert total.item() == pytest.approx(162.0, abs=1e-6)


def test_penalty_is_the_critics_alone_and_leaves_the_generator_be() -> None:
    for loss in (GradientPenalty(POINTS), R1(POINTS)):
        assert loss.per_sample
        assert loss.generator_terms(turn_of(Bowl())) == {}
    fake = FAKE.clone().requires_grad_()
    penalty(Bowl(), fake=fake).backward()  # its gradient depends on where it is taken
    assert fake.grad is None


def test_label_of_the_fake_goes_along() -> None:
    critic = Labelled()
    real = {"sample": REAL, "label": torch.tensor([0, 1])}
    turn = Turn("critic", Generator(), critic, real, {"label": torch.tensor([5, 6])}, shared_fake={"sample": FAKE})
    GradientPenalty(POINTS).critic_terms(turn)
    assert critic.seen.tolist() == [5, 6]
    R1(POINTS).critic_terms(turn)
    assert critic.seen.tolist() == [0, 1]


def test_penalty_has_one_equilibrium_gap() -> None:
    # Data moved by W=2 along the axis: the best linear critic gains W (1 + W / (2 weight)), 2.2 with weight 10
    critic = Linear(0.5, 0.0)
    optimizer = torch.optim.SGD(critic.parameters(), lr=0.04)
    real, fake = torch.tensor([[2.0, 0.0]], dtype=torch.float64), torch.zeros(1, 2, dtype=torch.float64)
    for _ in range(50):
        turn = turn_of(critic, real, fake)
        gap = turn.real_scores["score"].mean() - turn.fake_scores["score"].mean()
        optimizer.zero_grad()
        (GradientPenalty(POINTS).critic_terms(turn)["gradient_penalty"] - gap).backward()
        optimizer.step()
    assert (2 * critic.weight[0]).item() == pytest.approx(2.2, abs=1e-3)


def test_parameters_are_validated() -> None:
    for cls, bad in [
        (GradientPenalty, '{"weight": -1}'),
        (GradientPenalty, '{"one_sided": "yes"}'),
        (GradientPenalty, '{"lambda": 10}'),
        (R1, '{"every": 0}'),
        (R1, '{"gamma": null}'),
    ]:
        with pytest.raises(ValidationError):
            model_of(cls).model_validate_json(bad)


def test_door_imports_no_torch_and_leads_to_the_classes() -> None:
    code = "import sys, ganzoo_wgan_gp; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    registry = Registry.installed()
    assert registry.find("loss", "ganzoo-wgan-gp/gradient_penalty").load() is GradientPenalty
    assert registry.find("loss", "ganzoo-wgan-gp/r1").load() is R1
