# mypy: disable-error-code="no-untyped-call"
from collections.abc import Callable
from typing import Any

import pytest
import torch
from ganzoo_dragan import loss as module
from ganzoo_dragan.loss import DRAGAN, around
from pydantic import ValidationError
from torch import Tensor

from ganzoo import Critic, DataSpec, Generator, Scores, Turn
from ganzoo.params import model_of
from ganzoo.registry import Registry

POINTS = DataSpec({"sample": (2,)})
REAL = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
ALPHA = torch.tensor([0.25, 0.75], dtype=torch.float64)
NOISE = torch.tensor([[0.5, 1.0], [0.0, 0.25]], dtype=torch.float64)


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


class Tanh(Critic):
    """Two layers, smooth, with a patch of 3 scores for each sample."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = torch.nn.Linear(2, 5).double(), torch.nn.Linear(5, 3).double()

    def forward(self, sample: Tensor) -> Scores:
        return {"score": self.last(self.first(sample).tanh())}


class Repeated(Critic):
    """The first value of a sample, as ``patches`` equal scores."""

    def __init__(self, patches: int) -> None:
        super().__init__()
        self.patches = patches

    def forward(self, sample: Tensor) -> Scores:
        return {"score": 3 * sample[:, :1].expand(-1, self.patches)}


def penalty(critic: Critic, loss: DRAGAN | None = None, real: Tensor = REAL) -> Tensor:
    turn = Turn("critic", Generator(), critic, {"sample": real}, {}, shared_fake={"sample": torch.full_like(real, 100)})
    return (loss or DRAGAN(POINTS, weight=1.0)).critic_terms(turn)["dragan"]


@pytest.fixture
def known_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    def rand(*size: int, **_: Any) -> Tensor:
        return ALPHA.reshape(size)

    monkeypatch.setattr(torch, "rand", rand)
    monkeypatch.setattr(torch, "rand_like", lambda value: NOISE.reshape(value.shape))


def test_penalty_meets_the_closed_form() -> None:
    assert penalty(Linear(3, 4)).item() == pytest.approx(16.0, abs=1e-6)
    assert penalty(Linear(0.6, 0.8)).item() == pytest.approx(0.0, abs=1e-6)
    assert penalty(Linear(0, 0)).item() == pytest.approx(1.0, abs=1e-6)
    assert penalty(Linear(3, 4), DRAGAN(POINTS)).item() == pytest.approx(160.0, abs=1e-6)
    assert penalty(Linear(3, 4), DRAGAN(POINTS, weight=2.0, target=3.0)).item() == pytest.approx(8.0, abs=1e-6)


def check_place() -> None:
    # the standard deviation of 1, 0, 0, 2 is sqrt(11) / 4; x_hat = x + alpha std / 2 u, and Bowl's gradient is x_hat
    half = 11**0.5 / 8
    places = [(1 + 0.25 * half * 0.5, 0.25 * half), (0.0, 2 + 0.75 * half * 0.25)]
    wanted = sum(((a * a + b * b) ** 0.5 - 1) ** 2 for a, b in places) / 2
    assert penalty(Bowl()).item() == pytest.approx(wanted, abs=1e-6)


@pytest.mark.usefixtures("known_numbers")
def test_penalty_is_taken_around_the_data() -> None:
    check_place()


@pytest.mark.parametrize(
    "faulty",
    [
        lambda real, furthest: real,
        lambda real, furthest: around(real, 2 * furthest),
        lambda real, furthest: real + torch.rand(2, 1) * 0.5 * real.std(dim=0, correction=0) * torch.rand_like(real),  # std of each value
        lambda real, furthest: real + torch.rand(2, 1) * furthest,  # the same step for every value
        lambda real, furthest: real + torch.rand(2, 1) * furthest * (2 * torch.rand_like(real) - 1),
    ],
    ids=["at the data", "twice as far", "std of each value", "one step for all", "to both sides"],
)
@pytest.mark.usefixtures("known_numbers")
def test_faulty_places_are_seen(faulty: Callable[[Tensor, Tensor], Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "around", faulty)
    with pytest.raises(AssertionError):
        check_place()


def check_norm() -> None:
    images = torch.randn(5, 16, dtype=torch.float64)
    assert penalty(Linear(*[1.0] * 16), real=images).item() == pytest.approx(9.0, abs=1e-6)


def test_norm_is_over_all_of_a_sample() -> None:
    check_norm()


@pytest.mark.parametrize("shape", [(1, -1), (-1, 1), (20, 4)], ids=["over the whole batch", "over one value", "over a row"])
def test_faulty_norms_are_seen(shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    right = module.score_gradients
    monkeypatch.setattr(module, "score_gradients", lambda turn, fields: right(turn, fields).reshape(shape))
    with pytest.raises(AssertionError):
        check_norm()


def check_patches() -> None:
    assert penalty(Repeated(1)).item() == pytest.approx(4.0, abs=1e-6)
    assert penalty(Repeated(9)).item() == pytest.approx(4.0, abs=1e-6)


def test_patches_count_as_their_mean() -> None:
    check_patches()


def test_a_sum_over_patches_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = module.score_gradients
    monkeypatch.setattr(module, "score_gradients", lambda turn, fields: right(turn, fields) * turn.judge(fields)["score"].shape[1])
    with pytest.raises(AssertionError):
        check_patches()


@pytest.mark.usefixtures("known_numbers")
def test_gradient_of_the_penalty_agrees_with_finite_differences() -> None:
    torch.manual_seed(0)
    critic = Tanh()
    weights = [critic.first.weight, critic.last.weight]
    gradients = torch.autograd.grad(penalty(critic), weights)
    for weight, gradient in zip(weights, gradients, strict=True):
        for place in ((0, 0), (2, 1)):
            values = []
            for step in (1e-6, -2e-6, 1e-6):
                with torch.no_grad():
                    weight[place] += step
                values.append(penalty(critic).item())
            assert gradient[place].item() == pytest.approx((values[0] - values[1]) / 2e-6, abs=1e-6)


def test_penalty_of_a_flat_critic_has_a_finite_gradient() -> None:
    critic = Linear(0, 0)
    penalty(critic).backward()
    assert critic.weight.grad is not None
    assert critic.weight.grad.tolist() == [0.0, 0.0]


def test_steps_have_an_alpha_of_their_own_for_each_sample_and_stay_within_the_noise() -> None:
    torch.manual_seed(0)
    real = torch.randn(64, 3, 4, 4)
    step = around(real, torch.tensor(0.5)) - real
    assert step.min() >= 0
    assert step.max() <= 0.5
    assert step.flatten(1).amax(dim=1).std() > 0.05  # some stay nearer than others


def test_the_label_goes_along_and_the_generator_has_no_term() -> None:
    class Labelled(Critic):
        def forward(self, sample: Tensor, label: Tensor) -> Scores:
            self.seen = label
            return {"score": sample.sum(dim=1)}

    critic = Labelled()
    turn = Turn("critic", Generator(), critic, {"sample": REAL, "label": torch.tensor([0, 1])}, {"label": torch.tensor([5, 6])})
    DRAGAN(POINTS).critic_terms(turn)
    assert critic.seen.tolist() == [0, 1]
    assert DRAGAN(POINTS).per_sample
    assert DRAGAN(POINTS).generator_terms(turn) == {}


def test_parameters_are_validated_and_the_name_leads_to_the_class() -> None:
    for bad in ('{"weight": -1}', '{"noise": null}', '{"lambda": 10}'):
        with pytest.raises(ValidationError):
            model_of(DRAGAN).model_validate_json(bad)
    assert Registry.installed().find("loss", "ganzoo-dragan/dragan").load() is DRAGAN
