# mypy: disable-error-code="no-untyped-call"
import math

import pytest
import torch
from ganzoo_ebgan import pulling_away
from ganzoo_ebgan.autoencoder import Autoencoder
from ganzoo_ebgan.loss import EBGAN
from ganzoo_ebgan.pulling_away import PullingAway, squared_cosines
from pydantic import ValidationError
from torch import Tensor
from torch.nn.functional import normalize, relu

from ganzoo import Critic, DataSpec, Generator, Scores, Terms, Turn
from ganzoo.params import model_of
from ganzoo.registry import Registry

POINTS, DIGITS = DataSpec({"sample": (2,)}), DataSpec({"sample": (1, 28, 28)})
REAL, FAKE = (0.5, 0.25, 3.0), (0.5, 2.0, 0.0)  # energies


class Energy(Critic):
    """A sample is its own energy."""

    def forward(self, sample: Tensor) -> Scores:
        return {"score": -sample[:, 0]}


class Halving(Critic):
    """Reconstructs half of a sample; the code is the sample."""

    gives = frozenset({"score", "code"})

    def forward(self, sample: Tensor) -> Scores:
        return {"score": -(sample / 2 - sample).square().mean(dim=1), "code": sample}


class Detached(Halving):
    """A fault: what the reconstruction is compared with is cut off."""

    def forward(self, sample: Tensor) -> Scores:
        return {"score": -(sample / 2 - sample.detach()).square().mean(dim=1), "code": sample}


def turn_of(side: str, fake: tuple[float, ...] = FAKE) -> tuple[Turn, Tensor]:
    fakes = torch.tensor(fake, dtype=torch.float64, requires_grad=True)
    reals = {"sample": torch.tensor(REAL, dtype=torch.float64)[:, None]}
    return Turn(side, Generator(), Energy(), reals, {}, shared_fake={"sample": fakes[:, None]}), fakes  # type: ignore[arg-type]


def check_values(cls: type[EBGAN]) -> None:
    critic = cls(POINTS).critic_terms(turn_of("critic")[0])["adversarial"].item()
    assert critic == pytest.approx(3.75 / 3 + 1.5 / 3, abs=1e-6)  # E(x), and 1 - E of 0.5, (2), 0
    wide = cls(POINTS, margin=4.0, weight=2.0).critic_terms(turn_of("critic")[0])["adversarial"].item()
    assert wide == pytest.approx(2 * (3.75 + 9.5) / 3, abs=1e-6)
    assert cls(POINTS).generator_terms(turn_of("generator")[0])["adversarial"].item() == pytest.approx(2.5 / 3, abs=1e-6)


def test_both_sides_meet_the_closed_form() -> None:
    check_values(EBGAN)


class NoMargin(EBGAN):
    """A fault: the energies of fakes are lifted without end."""

    def critic_terms(self, turn: Turn) -> Terms:
        return {"adversarial": self.weight * (self.margin + turn.fake_scores["score"].mean() - turn.real_scores["score"].mean())}


class MarginOfMean(EBGAN):
    """A fault: the margin is for the batch's mean energy, not for each fake's."""

    def critic_terms(self, turn: Turn) -> Terms:
        return {"adversarial": self.weight * (relu(self.margin + turn.fake_scores["score"].mean()) - turn.real_scores["score"].mean())}


@pytest.mark.parametrize("faulty", [NoMargin, MarginOfMean])
def test_faulty_losses_are_seen(faulty: type[EBGAN]) -> None:
    with pytest.raises(AssertionError):
        check_values(faulty)


def test_fakes_beyond_the_margin_teach_the_critic_nothing() -> None:
    turn, fake = turn_of("critic")
    EBGAN(POINTS).critic_terms(turn)["adversarial"].backward()
    assert fake.grad is not None
    assert fake.grad.tolist() == pytest.approx([-1 / 3, 0, -1 / 3], abs=1e-6)


def check_generator_gradient(critic: Critic) -> None:
    """Finite differences of the energy itself."""
    fake = torch.tensor([[1.0, -2.0], [0.5, 3.0]], dtype=torch.float64, requires_grad=True)
    turn = Turn("generator", Generator(), critic, {"sample": fake.detach()}, {}, shared_fake={"sample": fake})
    EBGAN(POINTS).generator_terms(turn)["adversarial"].backward()
    assert fake.grad is not None
    for place in ((0, 0), (1, 1)):
        energies = []
        for step in (1e-6, -1e-6):
            moved = fake.detach().clone()
            moved[place] += step
            energies.append(-critic(moved)["score"].mean().item())
        assert fake.grad[place].item() == pytest.approx((energies[0] - energies[1]) / 2e-6, abs=1e-6)


def test_the_generator_learns_through_the_reconstruction_and_its_target() -> None:
    torch.manual_seed(0)
    check_generator_gradient(Halving())
    check_generator_gradient(Autoencoder(POINTS, hidden=(5,), features=3).double())


def test_a_detached_target_is_seen() -> None:
    with pytest.raises(AssertionError):
        check_generator_gradient(Detached())


def check_cosines() -> None:
    code = torch.tensor([[1.0, 0.0, 0.0], [2.0, 2.0, 0.0], [0.0, 0.0, 5.0]], dtype=torch.float64)
    turn = Turn("generator", Generator(), Halving(), {"sample": code}, {}, shared_fake={"sample": code})
    assert PullingAway(POINTS).generator_terms(turn)["pulling_away"].item() == pytest.approx(0.1 * 2 * 0.5 / 6, abs=1e-6)
    same = torch.ones(4, 3, dtype=torch.float64)
    assert pulling_away.squared_cosines(same).item() == pytest.approx(1.0, abs=1e-6)


def test_pulling_away_is_the_mean_squared_cosine_of_different_fakes() -> None:
    check_cosines()
    assert PullingAway(POINTS).critic_terms(turn_of("critic")[0]) == {}
    assert squared_cosines(torch.ones(1, 3)).item() == 0.0


@pytest.mark.parametrize("faulty", ["along the batch", "with itself", "not squared"])
def test_faulty_cosines_are_seen(faulty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def cosines(code: Tensor) -> Tensor:
        rows, n = normalize(code, dim=0 if faulty == "along the batch" else 1), len(code)
        products = rows @ rows.T if faulty == "not squared" else (rows @ rows.T).square()
        return (products.sum() - (0 if faulty == "with itself" else n)) / (n * (n - 1))

    monkeypatch.setattr(pulling_away, "squared_cosines", cosines)
    with pytest.raises(AssertionError):
        check_cosines()


def test_pulling_away_has_the_gradient_of_its_differences() -> None:
    torch.manual_seed(0)
    code = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(squared_cosines(code), code)
    for place in ((0, 0), (3, 2)):
        values = []
        for step in (1e-6, -1e-6):
            moved = code.detach().clone()
            moved[place] += step
            values.append(squared_cosines(moved).item())
        assert gradient[place].item() == pytest.approx((values[0] - values[1]) / 2e-6, abs=1e-6)


def test_the_autoencoder_scores_by_its_error() -> None:
    critic = Autoencoder(DIGITS, hidden=(6, 5), features=4)
    sample = torch.rand(3, 1, 28, 28) * 2 - 1
    scores = critic(sample)
    assert scores["code"].shape == (3, 4)
    wanted = -(critic.decoder(scores["code"]) - sample.flatten(1)).square().sum(dim=1) / 784
    assert torch.allclose(scores["score"], wanted)
    widths = [(m.in_features, m.out_features) for m in critic.modules() if isinstance(m, torch.nn.Linear)]
    assert widths == [(784, 6), (6, 5), (5, 4), (4, 5), (5, 6), (6, 784)]
    assert math.prod(scores["score"].shape) == 3


def test_parameters_are_validated_and_the_names_lead_to_the_classes() -> None:
    for cls, bad in [(EBGAN, '{"margin": 0}'), (PullingAway, '{"weight": -1}'), (Autoencoder, '{"features": 0}')]:
        with pytest.raises(ValidationError):
            model_of(cls).model_validate_json(bad)
    registry = Registry.installed()
    assert registry.find("loss", "ganzoo-ebgan/ebgan").load() is EBGAN
    assert registry.find("loss", "ganzoo-ebgan/pulling_away").load() is PullingAway
    assert registry.find("critic", "ganzoo-ebgan/autoencoder").load() is Autoencoder
