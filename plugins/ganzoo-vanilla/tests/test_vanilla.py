# mypy: disable-error-code="no-untyped-call"
import math
import subprocess
import sys

import pytest
import torch
from ganzoo_vanilla.minimax import Minimax
from ganzoo_vanilla.networks import MLPCritic, MLPGenerator
from ganzoo_vanilla.non_saturating import NonSaturating
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Critic, DataSpec, Generator, Loss, Scores, Terms, Turn
from ganzoo.params import model_of
from ganzoo.registry import Registry

SCORES = DataSpec({"sample": (1,)})
DIGITS = DataSpec({"sample": (1, 28, 28)})
POINTS = DataSpec({"sample": (2,)})
REAL, FAKE = [2.0, -1.0, 0.5], [-0.5, 1.0, 0.0]


class Identity(Critic):
    """Scores a sample by its own value."""

    def forward(self, sample: Tensor) -> Scores:
        return {"score": sample[:, 0]}


def turn_of(side: str, real: list[float] = REAL, fake: list[float] = FAKE) -> tuple[Turn, Tensor]:
    """A turn whose raw scores are these, and the fake scores, which can be differentiated."""
    fakes = torch.tensor(fake, dtype=torch.float64, requires_grad=True)
    reals = {"sample": torch.tensor(real, dtype=torch.float64)[:, None]}
    return Turn(side, Generator(), Identity(), reals, {}, shared_fake={"sample": fakes[:, None]}), fakes  # type: ignore[arg-type]


def check_critic(loss: Loss, wanted: float) -> None:
    assert loss.critic_terms(turn_of("critic")[0])["adversarial"].item() == pytest.approx(wanted, abs=1e-6)


def test_critic_meets_the_closed_form() -> None:
    check_critic(NonSaturating(SCORES), 1.464917511667)
    check_critic(Minimax(SCORES), 1.464917511667)
    check_critic(NonSaturating(SCORES, real_target=0.9), 1.514917511667)
    check_critic(NonSaturating(SCORES, weight=3.0), 3 * 1.464917511667)


def test_smoothing_both_sides_is_the_cross_entropy_of_both_targets() -> None:
    sigmoid, real, fake = torch.sigmoid, torch.tensor(REAL, dtype=torch.float64), torch.tensor(FAKE, dtype=torch.float64)
    wanted = nn.functional.binary_cross_entropy(sigmoid(real), torch.full_like(real, 0.9))
    wanted += nn.functional.binary_cross_entropy(sigmoid(fake), torch.full_like(fake, 0.1))
    check_critic(NonSaturating(SCORES, real_target=0.9, fake_target=0.1), wanted.item())


class Halved(NonSaturating):
    """A fault of tutorials: the mean of the real and the fake part, not their sum."""

    def critic_terms(self, turn: Turn) -> Terms:
        return {"adversarial": super().critic_terms(turn)["adversarial"] / 2}


class Scaled(NonSaturating):
    """A fault: smoothing as a factor on the real part, which forgets the other side of the cross entropy."""

    def critic_terms(self, turn: Turn) -> Terms:
        real, fake = turn.real_scores["score"], turn.fake_scores["score"]
        return {"adversarial": self.real_target * softplus(-real).mean() + softplus(fake).mean()}


def test_faulty_critic_losses_are_seen() -> None:
    with pytest.raises(AssertionError):
        check_critic(Halved(SCORES), 1.464917511667)
    with pytest.raises(AssertionError):
        check_critic(Scaled(SCORES, real_target=0.9), 1.514917511667)


def test_critic_is_ln_4_at_zero_and_finite_at_extreme_scores() -> None:
    loss = NonSaturating(SCORES)
    zero, _ = turn_of("critic", [0.0, 0.0], [0.0, 0.0])
    assert loss.critic_terms(zero)["adversarial"].item() == pytest.approx(2 * math.log(2), abs=1e-6)
    extreme, _ = turn_of("critic", [-1000.0], [1000.0])
    assert loss.critic_terms(extreme)["adversarial"].item() == pytest.approx(2000.0, abs=1e-6)


def test_gradient_of_the_critic_loss() -> None:
    turn, fake = turn_of("critic")
    NonSaturating(SCORES).critic_terms(turn)["adversarial"].backward()
    assert fake.grad is not None
    assert fake.grad.tolist() == pytest.approx([0.125846889599, 0.243686192877, 0.166666666667], abs=1e-6)


@pytest.mark.parametrize(
    ("loss", "value", "gradient"),
    [
        (NonSaturating(SCORES), 0.660161950753, [-0.207486443734, -0.089647140457, -0.166666666667]),
        (Minimax(SCORES), -0.826828617419, [-0.125846889599, -0.243686192877, -0.166666666667]),
    ],
)
def test_generator_meets_the_closed_form_and_its_gradient(loss: Loss, value: float, gradient: list[float]) -> None:
    turn, fake = turn_of("generator")
    term = loss.generator_terms(turn)["adversarial"]
    term.backward()
    assert fake.grad is not None
    assert term.item() == pytest.approx(value, abs=1e-6)
    assert fake.grad.tolist() == pytest.approx(gradient, abs=1e-6)


def test_js_estimate_is_the_divergence_at_the_optimal_critic() -> None:
    # N(0, 1) against N(1, 1): the best critic scores 0.5 - x, and the divergence is 0.111421482185 nats
    normal = torch.special.ndtri((torch.arange(20000, dtype=torch.float64) + 0.5) / 20000)
    turn, _ = turn_of("critic", (0.5 - normal).tolist(), (0.5 - (normal + 1)).tolist())
    assert NonSaturating(SCORES).estimates(turn)["js_estimate"].item() == pytest.approx(0.111421482185, abs=1e-4)
    equal, _ = turn_of("critic", [0.0], [0.0])
    assert NonSaturating(SCORES).estimates(equal)["js_estimate"].item() == pytest.approx(0.0, abs=1e-6)
    assert NonSaturating(SCORES, real_target=0.9).estimates(turn) == {}


def test_critic_loss_does_not_reach_the_generator() -> None:
    generator, critic = MLPGenerator(POINTS, latent_dim=2, hidden=(4,)), MLPCritic(POINTS, hidden=(4,))
    fields = {"sample": torch.randn(3, 2)}
    NonSaturating(POINTS).critic_terms(Turn("critic", generator, critic, fields, generator.draw(3)))["adversarial"].backward()
    assert all(p.grad is None for p in generator.parameters())
    assert all(p.grad is not None for p in critic.parameters())
    NonSaturating(POINTS).generator_terms(Turn("generator", generator, critic, fields, generator.draw(3)))["adversarial"].backward()
    assert all(p.grad is not None for p in generator.parameters())


def widths(network: nn.Module) -> list[tuple[int, int]]:
    return [(m.in_features, m.out_features) for m in network.modules() if isinstance(m, nn.Linear)]


def test_default_sizes_are_the_ones_commonly_taught() -> None:
    assert widths(MLPGenerator(DIGITS)) == [(100, 128), (128, 256), (256, 512), (512, 784)]
    assert widths(MLPCritic(DIGITS)) == [(784, 512), (512, 256), (256, 1)]


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 16, 16), (2,), (7,)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("hidden", [(), (4,), (4, 5)])
def test_shapes_and_types(shape: tuple[int, ...], dtype: torch.dtype, hidden: tuple[int, ...]) -> None:
    data = DataSpec({"sample": shape})
    generator, critic = MLPGenerator(data, latent_dim=3, hidden=hidden).to(dtype), MLPCritic(data, hidden=hidden).to(dtype)
    latent = generator.draw(6)["latent"].to(dtype)
    sample = generator(latent)["sample"]
    assert (sample.shape, sample.dtype) == ((6, *shape), dtype)
    score = critic(sample)["score"]
    assert (score.shape, score.dtype) == ((6,), dtype)


def test_images_are_bounded_and_points_are_not() -> None:
    images, points = MLPGenerator(DIGITS, hidden=(8,)), MLPGenerator(POINTS, hidden=(8,))
    with torch.no_grad():
        for network in (images, points):
            for parameter in network.parameters():
                parameter.mul_(100)
        assert images(torch.randn(16, 100))["sample"].abs().max() <= 1
        assert points(torch.randn(16, 100))["sample"].abs().max() > 1


def check_batch_norm(network: nn.Module) -> None:
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d)]
    assert len(norms) == 3
    assert all((m.eps, m.momentum) == (1e-5, 0.1) for m in norms)


def test_batch_norm_has_the_default_eps_and_the_eps_of_tutorials_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    check_batch_norm(MLPGenerator(DIGITS, norm="batch"))
    right = nn.BatchNorm1d
    monkeypatch.setattr("ganzoo_vanilla.networks.nn.BatchNorm1d", lambda n: right(n, 0.8))
    faulty = MLPGenerator(DIGITS, norm="batch")
    monkeypatch.undo()
    with pytest.raises(AssertionError):
        check_batch_norm(faulty)


def test_activation_is_what_was_asked_for() -> None:
    assert any(isinstance(m, nn.ReLU) for m in MLPCritic(POINTS, activation="relu").modules())
    slopes = [m.negative_slope for m in MLPCritic(POINTS).modules() if isinstance(m, nn.LeakyReLU)]
    assert slopes == [0.2, 0.2]


def test_parameters_are_validated() -> None:
    given = model_of(MLPGenerator).model_validate_json('{"hidden": [8, 9], "latent_dim": 2}')
    assert given.model_dump()["hidden"] == (8, 9)
    for cls, bad in [
        (MLPGenerator, '{"hidden": [0]}'),
        (MLPGenerator, '{"norm": "layer"}'),
        (MLPGenerator, '{"latent_dim": 2.5}'),
        (MLPCritic, '{"hiden": [8]}'),
        (NonSaturating, '{"real_target": 1.1}'),
        (NonSaturating, '{"weight": -1}'),
        (Minimax, '{"weight": true}'),
    ]:
        with pytest.raises(ValidationError):
            model_of(cls).model_validate_json(bad)


def test_door_imports_no_torch_and_leads_to_the_classes() -> None:
    code = "import sys, ganzoo_vanilla; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    registry = Registry.installed()
    assert registry.find("generator", "ganzoo-vanilla/mlp").load() is MLPGenerator
    assert registry.find("critic", "ganzoo-vanilla/mlp").load() is MLPCritic
    assert registry.find("loss", "ganzoo-vanilla/non_saturating").load() is NonSaturating
    assert registry.find("loss", "ganzoo-vanilla/minimax").load() is Minimax
