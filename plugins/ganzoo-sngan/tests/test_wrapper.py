"""The critic that normalises any other: norms of 1 in closed form, what it leaves alone, and what it refuses."""

import pytest
import torch
from ganzoo_sngan.plain import SNGANCritic
from ganzoo_sngan.wrapper import Spectral
from torch import nn

from ganzoo import ContractError, Critic, DataSpec, UserError
from ganzoo.config import parse_config, resolve
from ganzoo.registry import Registry

SMALL = DataSpec({"sample": (3, 2, 2)})


class Mixed(Critic):
    """Layers of three kinds, of equal weights or of random ones."""

    def __init__(self, data: DataSpec, *, equal: bool) -> None:
        super().__init__()
        layers = (nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.ConvTranspose2d(4, 2, 2, 2), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3))
        self.net = nn.Sequential(*layers)
        for parameter in self.parameters() if equal else ():
            nn.init.constant_(parameter, 5.0)

    def forward(self, sample: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"score": self.net(sample).sum(1)}


class Labelled(Mixed):
    def forward(self, sample: torch.Tensor, label: torch.Tensor) -> dict[str, torch.Tensor]:
        return super().forward(sample)


class Without(Mixed):
    def __init__(self, data: DataSpec, *, equal: bool) -> None:
        super().__init__(data, equal=equal)
        self.net = nn.Sequential(nn.Flatten())


def around(inner: type, equal: bool = False) -> Spectral:
    torch.manual_seed(0)
    return Spectral(SMALL, critic=lambda data: inner(data, equal=equal))


def layers_of(critic: Spectral) -> list[nn.Module]:
    return [module for module in critic.modules() if hasattr(module, "parametrizations")]


def test_a_matrix_of_equal_entries_is_normalised_in_one_forward() -> None:
    """Its only singular value is that entry times the root of how many there are."""
    critic = around(Mixed, equal=True)
    critic(torch.randn(2, 3, 2, 2))
    assert len(layers_of(critic)) == 3
    for layer in layers_of(critic):
        torch.testing.assert_close(layer.weight, torch.full_like(layer.weight, layer.weight.numel() ** -0.5), rtol=1e-5, atol=0)
        assert torch.equal(layer.bias, torch.full_like(layer.bias, 5.0))


def test_every_layer_of_random_weights_comes_to_spectral_norm_1() -> None:
    critic = around(Mixed)
    for _ in range(60):
        critic(torch.randn(2, 3, 2, 2))
    for layer in layers_of(critic):
        rows = layer.weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else layer.weight
        assert torch.linalg.matrix_norm(rows.flatten(1), ord=2).item() == pytest.approx(1.0, abs=1e-2)


def test_layers_that_are_normalised_already_stay_as_they_are() -> None:
    torch.manual_seed(0)
    alone = SNGANCritic(DataSpec({"sample": (3, 16, 16)}), width=2)
    torch.manual_seed(0)
    wrapped = Spectral(DataSpec({"sample": (3, 16, 16)}), critic=lambda data: SNGANCritic(data, width=2))
    sample = torch.randn(2, 3, 16, 16)
    assert torch.equal(wrapped(sample)["score"], alone(sample)["score"])


@pytest.mark.parametrize(
    ("inner", "message"), [(Labelled, "Labelled reads or gives more than"), (Without, "Without has no linear or convolutional layer")]
)
def test_critics_with_labels_or_without_layers_are_refused(inner: type, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        around(inner)


def test_a_mistake_in_the_inner_critic_is_said_at_its_own_key() -> None:
    critic = "{name: spectrally_normalised, critic: {name: mlp, hidden: [0]}}"
    config = parse_config(f"data: ring\ngenerator: mlp\ncritic: {critic}\nloss: hinge\n")
    with pytest.raises(UserError, match=r"critic\.critic\.hidden\.0: expects an integer > 0, found 0"):
        resolve(config, Registry.installed())
