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
from pydantic import ValidationError
from torch import Tensor

from ganzoo import Critic, DataSpec, Fields, Generator, Loss, Scores, Turn, route
from ganzoo.params import model_of
from ganzoo.registry import Registry

POINTS = DataSpec({"sample": (2,)})
REAL = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
FAKE = torch.tensor([[-1.0, 1.0], [2.0, 2.0]], dtype=torch.float64)
EPS = torch.tensor([0.25, 0.75], dtype=torch.float64)


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


class Sum(Critic):
    """The sum of all values."""

    def forward(self, sample: Tensor) -> Scores:
        return {"score": sample.flatten(1).sum(dim=1)}


class Labelled(Critic):
    """Remembers the labels it was shown."""

    def forward(self, sample: Tensor, label: Tensor) -> Scores:
        self.seen = label
        return {"score": sample.sum(dim=1)}


def turn_of(critic: Critic, real: Tensor = REAL, fake: Tensor = FAKE) -> Turn:
    return Turn("critic", Generator(), critic, {"sample": real}, {}, shared_fake={"sample": fake})


def penalty(critic: Critic, loss: Loss | None = None, real: Tensor = REAL, fake: Tensor = FAKE) -> Tensor:
    return (loss or GradientPenalty(POINTS, weight=1.0)).critic_terms(turn_of(critic, real, fake))["gradient_penalty"]


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
