# mypy: disable-error-code="no-untyped-call"
from importlib.resources import files

import pytest
import torch
from ganzoo_began.loss import BEGAN
from ganzoo_began.networks import BEGANCritic, BEGANGenerator
from pydantic import ValidationError
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Generator, Scores, Turn, UserError
from ganzoo.config import load_config, resolve
from ganzoo.engine.optimizers import build
from ganzoo.params import model_of
from ganzoo.registry import Registry

POINTS = DataSpec({"sample": (2,)})
REAL, FAKE = 3.0, 1.0  # mean errors


class Error(Critic):
    """A sample is the error of its own reconstruction."""

    def forward(self, sample: Tensor) -> Scores:
        return {"score": -sample[:, 0]}


def turn_of(side: str, real: float = REAL, fake: float = FAKE) -> Turn:
    """A turn with these mean errors, of two samples each."""
    spread = torch.tensor([[-0.5], [0.5]], dtype=torch.float64)
    return Turn(side, Generator(), Error(), {"sample": real + spread}, {}, shared_fake={"sample": fake + spread})  # type: ignore[arg-type]


def check_balance(loss: BEGAN) -> None:
    """Two critic updates, the second of which is clipped, then one that lowers k."""
    loss = loss.double()
    assert loss.critic_terms(turn_of("critic"))["adversarial"].item() == pytest.approx(3.0, abs=1e-6)  # k is 0
    loss.after(turn_of("critic"))
    assert loss.k.item() == pytest.approx(0.4 * (0.5 * 3 - 1), abs=1e-6)
    assert loss.critic_terms(turn_of("critic"))["adversarial"].item() == pytest.approx(3.0 - 0.2, abs=1e-6)
    loss.after(turn_of("critic", 100.0, 1.0))
    assert loss.k.item() == 1.0
    loss.after(turn_of("critic", 1.0, 2.0))
    assert loss.k.item() == pytest.approx(1 - 0.4 * 1.5, abs=1e-6)
    loss.after(turn_of("critic", 0.0, 100.0))
    assert loss.k.item() == 0.0


def test_the_balance_follows_its_equation() -> None:
    check_balance(BEGAN(POINTS, rate=0.4))


class Unmoved(BEGAN):
    """A fault: k stays where it begins."""

    def after(self, turn: Turn) -> None:
        pass


class Unclipped(BEGAN):
    """A fault: k leaves [0, 1]."""

    def after(self, turn: Turn) -> None:
        self.k.add_(self.rate * self._imbalance(turn))


class Reversed(BEGAN):
    """A fault: k moves the other way."""

    def after(self, turn: Turn) -> None:
        self.k.sub_(self.rate * self._imbalance(turn)).clamp_(0, 1)


@pytest.mark.parametrize("faulty", [Unmoved, Unclipped, Reversed])
def test_faulty_balances_are_seen(faulty: type[BEGAN]) -> None:
    with pytest.raises(AssertionError):
        check_balance(faulty(POINTS, rate=0.4))


def test_the_balance_is_saved_and_the_generators_turn_does_not_move_it() -> None:
    loss = BEGAN(POINTS, rate=0.4)
    loss.after(turn_of("generator"))
    assert loss.k.item() == 0.0
    loss.after(turn_of("critic"))
    again = BEGAN(POINTS, rate=0.4)
    again.load_state_dict(loss.state_dict())
    assert again.k.item() == pytest.approx(0.2, abs=1e-6)


def test_both_sides_and_what_is_logged() -> None:
    loss = BEGAN(POINTS, gamma=0.5, weight=2.0).double()
    loss.k.fill_(0.25)
    assert loss.critic_terms(turn_of("critic"))["adversarial"].item() == pytest.approx(2 * (3 - 0.25), abs=1e-6)
    assert loss.generator_terms(turn_of("generator"))["adversarial"].item() == pytest.approx(2.0, abs=1e-6)
    logged = loss.estimates(turn_of("critic"))
    assert logged["convergence"].item() == pytest.approx(3 + abs(1.5 - 1), abs=1e-6)
    assert logged["k"].item() == 0.25


def test_the_betas_of_the_recipe_reach_the_optimizer() -> None:
    """The best known program has a flag for beta1 that no optimizer is given."""
    config = load_config(files("ganzoo_began") / "recipes/digits.yaml")  # type: ignore[arg-type]
    resolve(config, Registry.installed())
    optimizer = build(config.optimizer.critic, [nn.Parameter(torch.zeros(1))])
    assert optimizer.param_groups[0]["betas"] == (0.5, 0.999)


@pytest.mark.parametrize("side", [16, 28, 32, 64])
def test_shapes_at_every_size(side: int) -> None:
    data = DataSpec({"sample": (3, side, side)})
    with torch.device("meta"):
        generator, critic = BEGANGenerator(data, latent_dim=5, width=2), BEGANCritic(data, width=2, features=4)
        sample = generator(torch.empty(3, 5))["sample"]
        assert sample.shape == (3, 3, side, side)
        assert critic.encoder(sample).shape == (3, 4)
        assert critic(sample)["score"].shape == (3,)


def test_channels_of_the_encoder_grow_by_the_width_and_those_of_the_decoder_stay() -> None:
    critic = BEGANCritic(DataSpec({"sample": (3, 32, 32)}), width=4)

    def channels(network: nn.Module) -> list[int]:
        return [m.out_channels for m in network.modules() if isinstance(m, nn.Conv2d)]

    assert channels(critic.encoder) == [4, 4, 8, 8, 12, 12, 12]
    assert channels(critic.decoder) == [4] * 6 + [3]


def test_the_error_is_a_mean_over_a_samples_values() -> None:
    data, sample = DataSpec({"sample": (1, 16, 16)}), torch.rand(2, 1, 16, 16) * 2 - 1
    for error, power in (("absolute", 1), ("squared", 2)):
        critic = BEGANCritic(data, width=2, features=3, error=error)  # type: ignore[arg-type]
        difference = (critic.decoder(critic.encoder(sample)) - sample).abs() ** power
        assert torch.allclose(critic(sample)["score"], -difference.sum(dim=(1, 2, 3)) / 256)


def test_other_shapes_and_wrong_parameters_are_refused() -> None:
    with pytest.raises(UserError, match="16, 28, 32, 64, 128 or 256 pixels"):
        BEGANCritic(DataSpec({"sample": (3, 48, 48)}))
    for cls, bad in [(BEGAN, '{"gamma": 2}'), (BEGANGenerator, '{"width": 0}'), (BEGANCritic, '{"error": "relative"}')]:
        with pytest.raises(ValidationError):
            model_of(cls).model_validate_json(bad)
