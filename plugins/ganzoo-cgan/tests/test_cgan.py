# mypy: disable-error-code="no-untyped-call"
import pytest
import torch
from ganzoo_cgan.networks import CGANCritic, CGANGenerator, Maxout
from pydantic import ValidationError
from torch import nn

from ganzoo import DataSpec, UserError
from ganzoo.params import model_of
from ganzoo.registry import Registry

DIGITS = DataSpec({"sample": (1, 28, 28), "label": ()}, classes=10)


def widths(network: nn.Module) -> list[tuple[int, int]]:
    return [(m.in_features, m.out_features) for m in network.modules() if isinstance(m, nn.Linear)]


def test_default_sizes_are_the_papers() -> None:
    with torch.device("meta"):
        assert widths(CGANGenerator(DIGITS)) == [(100, 200), (10, 1000), (1200, 1200), (1200, 784)]
        assert widths(CGANCritic(DIGITS)) == [(784, 240 * 5), (10, 50 * 5), (290, 240 * 4), (240, 1)]
        assert sum(p.numel() for p in CGANGenerator(DIGITS).parameters()) == 20_200 + 11_000 + 1_441_200 + 941_584
        assert sum(p.numel() for p in CGANCritic(DIGITS).parameters()) == 942_000 + 2_750 + 279_360 + 241
    assert [m.p for m in CGANCritic(DIGITS).modules() if isinstance(m, nn.Dropout)] == [0.5] * 3


def test_maxout_takes_the_largest_piece_of_each_unit() -> None:
    layer = Maxout(1, 2, 3)
    with torch.no_grad():
        layer.linear.weight.copy_(torch.tensor([[1.0], [-1.0], [0.0], [2.0], [3.0], [-5.0]]))
        layer.linear.bias.copy_(torch.tensor([0.0, 0.0, 0.5, 0.0, 1.0, 0.0]))
    assert layer(torch.tensor([[2.0], [-1.0]])).tolist() == [[2.0, 7.0], [1.0, 5.0]]


def test_both_players_depend_on_the_label() -> None:
    torch.manual_seed(0)
    generator = CGANGenerator(DIGITS, latent_dim=4, latent_units=8, label_units=8, joint_units=8, dropout=0.0)
    critic = CGANCritic(DIGITS, sample_units=8, label_units=4, joint_units=8, dropout=0.0)
    latent = torch.randn(1, 4).expand(10, -1)
    sample = generator(latent, torch.arange(10))["sample"]
    assert sample.shape == (10, 1, 28, 28)
    assert sample.flatten(1).unique(dim=0).shape[0] == 10
    one = sample[:1].expand(10, -1, -1, -1)
    assert critic(one, torch.arange(10))["score"].unique().numel() == 10


def test_data_without_labels_and_wrong_parameters_are_refused() -> None:
    for network in (CGANGenerator, CGANCritic):
        with pytest.raises(UserError, match="needs labels"):
            network(DataSpec({"sample": (1, 28, 28)}))
    for cls, bad in [(CGANGenerator, '{"dropout": 1.5}'), (CGANCritic, '{"joint_units": 0}')]:
        with pytest.raises(ValidationError):
            model_of(cls).model_validate_json(bad)
    assert Registry.installed().find("critic", "ganzoo-cgan/cgan_mlp").load() is CGANCritic
