import math

import pytest
import torch
from ganzoo_ebgan import pulling_away
from ganzoo_ebgan.critic import Autoencoder
from ganzoo_ebgan.margin import EnergyMargin
from ganzoo_ebgan.pulling_away import PullingAway
from torch import Tensor
from torch.nn.functional import normalize

from ganzoo import Critic, DataSpec, Generator, Scores, Turn

POINTS = DataSpec({"sample": (2,)})


class Given(Critic):
    """Minus the first value as score, the sample as code."""

    gives = frozenset({"score", "code"})

    def forward(self, sample: Tensor) -> Scores:
        return {"score": -sample[:, 0], "code": sample}


def turn(side: str, real: Tensor, fake: Tensor) -> Turn:
    return Turn(side, Generator(), Given(), {"sample": real}, {}, shared_fake={"sample": fake})  # type: ignore[arg-type]


def test_fakes_are_pushed_up_to_the_margin_alone() -> None:
    real = torch.tensor([[0.5, 0.0], [1.5, 0.0]], dtype=torch.float64)
    fake = torch.tensor([[1.0, 0.0], [5.0, 0.0]], dtype=torch.float64, requires_grad=True)
    loss = EnergyMargin(POINTS, margin=2.0)
    assert loss.critic_terms(turn("critic", real, fake))["adversarial"].item() == pytest.approx(1 + (2 - 1 + 0) / 2, abs=1e-12)
    term = loss.generator_terms(turn("generator", real, fake))["adversarial"]
    assert term.item() == pytest.approx(3, abs=1e-12)
    (gradient,) = torch.autograd.grad(term, fake)  # a target that is detached, as a known collection has it, would leave none
    assert gradient[:, 0].tolist() == [0.5, 0.5]


def check_cosines() -> None:
    angles = torch.tensor([0.0, math.pi / 3, math.pi / 2], dtype=torch.float64)
    lengths = torch.tensor([1.0, 5.0, 0.2], dtype=torch.float64)
    fake = lengths[:, None] * torch.stack([angles.cos(), angles.sin()], dim=1)
    wanted = 2 * ((1 / 2) ** 2 + 0 + (math.sqrt(3) / 2) ** 2) / 6
    terms = PullingAway(POINTS, weight=3.0).generator_terms(turn("generator", fake, fake))
    assert terms["pulling_away"].item() == pytest.approx(3 * wanted, abs=1e-12)


def test_pulling_away_is_the_mean_squared_cosine_of_two_codes() -> None:
    check_cosines()
    one = torch.ones(1, 2, dtype=torch.float64)
    assert PullingAway(POINTS).generator_terms(turn("generator", one, one))["pulling_away"].item() == 0


def test_codes_that_are_normalised_over_the_batch_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling_away, "normalize", lambda codes, dim: normalize(codes, dim=0))
    with pytest.raises(AssertionError):
        check_cosines()


def test_its_gradient_is_that_of_finite_differences() -> None:
    torch.manual_seed(0)
    fake = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)

    def term(value: Tensor) -> Tensor:
        return PullingAway(POINTS).generator_terms(turn("generator", fake.detach(), value))["pulling_away"]

    assert torch.autograd.gradcheck(term, fake)


def test_scores_are_minus_the_squared_error_of_each_sample_by_itself() -> None:
    critic = Autoencoder(DataSpec({"sample": (1, 4, 4)}), hidden=(8,), code=3)
    sample = torch.rand(5, 1, 4, 4)
    given = critic(sample)
    made = critic.decoder(critic.encoder(sample)).reshape(sample.shape)
    torch.testing.assert_close(given["score"], -(made - sample).square().mean(dim=(1, 2, 3)))
    assert given["code"].shape == (5, 3)


def test_scores_have_the_gradient_of_central_differences_by_the_target_too() -> None:
    torch.manual_seed(0)
    critic = Autoencoder(DataSpec({"sample": (1, 3, 3)}), hidden=(8,), code=3, give_code=False).double()
    sample = torch.rand(2, 1, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda sample: critic(sample)["score"], sample)  # a target that is detached fails


def test_the_pulling_away_term_compares_fakes_so_that_parts_of_a_batch_give_another() -> None:
    fakes = torch.randn(6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    loss = PullingAway(POINTS, weight=1.0)
    whole, *parts = (loss.generator_terms(turn("generator", each, each))["pulling_away"] for each in (fakes, fakes[:3], fakes[3:]))
    assert not torch.isclose(whole, torch.stack(parts).mean())
    assert PullingAway.mixes_batch
