"""SAGAN's networks: the authors' channels, attention where it belongs, spectral norms, classes."""

from itertools import pairwise

import pytest
import torch
from ganzoo_layers import residual
from ganzoo_layers.attention import SelfAttention
from ganzoo_layers.residual import UpBlock
from ganzoo_sagan.networks import SAGANCritic, SAGANGenerator
from torch import nn
from torch.nn.functional import relu

from ganzoo import DataSpec, UserError


def images(size: int, classes: int = 3) -> DataSpec:
    return DataSpec({"sample": (3, size, size), "label": ()}, classes)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("size", [16, 28, 48])
def test_shapes_at_every_size(size: int) -> None:
    label = torch.tensor([0, 2])
    sample = SAGANGenerator(images(size), latent_dim=4, width=8)(torch.randn(2, 4), label)["sample"]
    assert sample.shape == (2, 3, size, size)
    assert SAGANCritic(images(size), width=8)(sample, label)["score"].shape == (2,)


@pytest.fixture
def without_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks are only counted, which no norm changes; without a device its start takes long."""
    monkeypatch.setattr(residual, "spectral_norm", lambda layer, eps: layer)


@pytest.mark.usefixtures("without_norm")
def test_channels_at_128_pixels_are_those_of_the_authors() -> None:
    with torch.device("meta"):
        generator, critic = SAGANGenerator(images(128, 1000)), SAGANCritic(images(128, 1000))
    blocks = [block for block in generator.blocks if isinstance(block, UpBlock)]
    assert [(b.shortcut.in_channels, b.shortcut.out_channels) for b in blocks] == [
        (1024, 1024), (1024, 512), (512, 256), (256, 128), (128, 64)
    ]  # fmt: skip
    assert generator.attention is not None
    assert generator.attention.layers["o"].out_channels == 256  # at 32 pixels
    assert generator.place == 2
    kinds = [type(module) is SelfAttention for module in critic.blocks]
    assert kinds.index(True) == 2  # behind the second block, at 32 pixels
    widths = (64, 128, 256, 512, 1024)
    convolutions = 2 * 9 * 64 * 64 + 64 * (3 + 9 * 3 - 9 * 64)  # the first block's, of 3 channels
    convolutions += sum(9 * a * b + 9 * b * b + a * b + 3 * b for a, b in pairwise(widths)) + 3 * 64
    last = 2 * (9 * 1024 * 1024 + 1024)
    attention = 2 * 128 * 16 + 2 * 128 * 64 + 1
    assert count(critic) == convolutions + last + attention + 1024 + 1 + 1000 * 1024 == 39_463_618
    generated = 16 * 1024 * 129 + sum(9 * a * b + 9 * b * b + a * b + 3 * b for a, b in [(1024, 1024), *pairwise(widths[::-1])])
    gains = 2 * 1000 * sum(a + b for a, b in [(1024, 1024), *pairwise(widths[::-1])])
    own = 2 * 256 * 32 + 2 * 256 * 128 + 1  # attention
    assert count(generator) == generated + gains + own + 2 * 64 + 9 * 64 * 3 + 3 == 42_078_852


def test_attention_may_be_left_out_and_be_elsewhere() -> None:
    data = images(32)
    assert SAGANGenerator(data, width=8, attention=0).attention is None
    assert SAGANGenerator(data, width=8, attention=8).place == 0
    assert not any(isinstance(module, SelfAttention) for module in SAGANCritic(data, width=8, attention=0).modules())


def test_every_layer_of_both_players_comes_to_spectral_norm_1() -> None:
    torch.manual_seed(0)
    generator, critic, label = SAGANGenerator(images(16), latent_dim=4, width=4), SAGANCritic(images(16), width=4), torch.tensor([0, 1])
    with torch.no_grad():
        for _ in range(8):
            critic(generator(torch.randn(2, 4), label)["sample"], label)
    for network in (generator, critic):
        layers = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
        assert len(layers) > 9
        for layer in layers:
            assert torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2).item() == pytest.approx(1.0, abs=0.08)


def test_the_class_is_projected_on_and_sets_gains_and_offsets() -> None:
    critic, label = SAGANCritic(images(16), width=4).double().eval(), torch.tensor([0, 2])
    sample = torch.randn(2, 3, 16, 16, dtype=torch.float64)
    features = relu(critic.blocks(sample)).sum(dim=(2, 3))
    expected = features @ critic.score.weight[0] + critic.score.bias + (critic.classes.weight[label] * features).sum(1)
    torch.testing.assert_close(critic(sample, label)["score"], expected, rtol=1e-9, atol=1e-9)
    generator, latent = SAGANGenerator(images(16), latent_dim=4, width=4).eval(), torch.randn(2, 4)
    one, other = (generator(latent, torch.full((2,), k))["sample"] for k in (0, 1))
    assert torch.equal(one, other)  # all classes begin alike
    nn.init.normal_(generator.blocks[0].norms[0].gain.weight)
    one, other = (generator(latent, torch.full((2,), k))["sample"] for k in (0, 1))
    assert not torch.allclose(one, other)


def test_data_without_labels_and_other_sizes_are_refused() -> None:
    for cls in (SAGANGenerator, SAGANCritic):
        with pytest.raises(UserError, match="sagan needs labels"):
            cls(DataSpec({"sample": (3, 16, 16)}))
        with pytest.raises(UserError, match="make them 28 x 28 or 32 x 32, the nearest sizes"):
            cls(images(31))
