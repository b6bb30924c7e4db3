"""SNGAN's critics and the projection critic: sizes of the papers, spectral norms, and what the class does."""

import pytest
import torch
from ganzoo_sngan.plain import SNGANCritic
from ganzoo_sngan.resnet import ConditionalSNResNetGenerator, ProjectionCritic, SNResNetCritic, SNResNetGenerator
from torch import nn

from ganzoo import DataSpec, UserError

SIZES = (16, 28, 32, 64, 128, 256)


def images(size: int, channels: int = 3, classes: int = 0) -> DataSpec:
    labels: dict[str, tuple[int, ...]] = {"label": ()} if classes else {}
    return DataSpec({"sample": (channels, size, size)} | labels, classes)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("size", SIZES)
def test_shapes_at_every_size(size: int) -> None:
    data = images(size, classes=5)
    generator = ConditionalSNResNetGenerator(data, latent_dim=5, width=2)
    label = torch.tensor([0, 4])
    sample = generator(torch.randn(2, 5), label)["sample"]
    assert sample.shape == (2, 3, size, size)
    for critic in (SNGANCritic(data, width=2), SNResNetCritic(data, width=2)):
        assert critic(sample)["score"].shape == (2,)
    assert ProjectionCritic(data, width=2)(sample, label)["score"].shape == (2,)


def test_parameters_are_as_many_as_the_papers_layers_have() -> None:
    data = images(32)
    plain = 1_792 + 65_600 + 73_856 + 262_272 + 295_168 + 1_048_832 + 1_180_160 + 8_193  # table 3, layer by layer
    assert count(SNGANCritic(data)) == plain
    assert count(SNResNetGenerator(data)) == 4_276_739  # linear, three blocks of 256 channels, batch norm, last convolution
    assert count(SNResNetCritic(data)) == 151_680 + 311_680 + 2 * 295_168 + 129


def test_channels_at_128_pixels_are_those_of_the_authors() -> None:
    with torch.device("meta"):
        generator = SNResNetGenerator(images(128), width=64)
    found = [(block.shortcut.in_channels, block.shortcut.out_channels) for block in generator.blocks]
    assert found == [(1024, 1024), (1024, 512), (512, 256), (256, 128), (128, 64)]


@pytest.mark.parametrize("cls", [SNGANCritic, ProjectionCritic])
def test_every_layer_comes_to_spectral_norm_1(cls: type) -> None:
    torch.manual_seed(0)
    critic = cls(images(16, classes=3), width=4)
    arguments = [torch.randn(2, 3, 16, 16), *([torch.tensor([0, 1])] if cls is ProjectionCritic else [])]
    for _ in range(60):
        critic(*arguments)
    layers = [m for m in critic.modules() if isinstance(m, (nn.Conv2d, nn.Linear, nn.Embedding))]
    assert len(layers) > 5
    for layer in layers:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2).item() == pytest.approx(1.0, abs=0.02)


def test_the_estimate_moves_in_training_only_and_is_saved() -> None:
    critic, sample = SNGANCritic(images(16), width=2), torch.randn(2, 3, 16, 16)
    saved = {name: value.clone() for name, value in critic.state_dict().items()}
    assert any(name.endswith("_u") for name in saved)
    critic.eval()(sample)
    assert all(torch.equal(value, saved[name]) for name, value in critic.state_dict().items())
    critic.train()(sample)
    assert not all(torch.equal(value, saved[name]) for name, value in critic.state_dict().items())


def test_the_class_adds_a_projection_of_the_features() -> None:
    critic = ProjectionCritic(images(16, classes=3), width=4).double().eval()
    sample, label = torch.randn(3, 3, 16, 16, dtype=torch.float64), torch.tensor([0, 1, 2])
    features = critic.blocks(sample).relu().sum(dim=(2, 3))
    expected = features @ critic.score.weight[0] + critic.score.bias + (critic.classes.weight[label] * features).sum(1)
    torch.testing.assert_close(critic(sample, label)["score"], expected, rtol=1e-10, atol=1e-10)


def test_the_class_sets_gains_and_offsets_of_the_generators_norms() -> None:
    generator = ConditionalSNResNetGenerator(images(16, classes=2), latent_dim=4, width=4)
    latent = torch.randn(4, 4)
    first, second = (generator(latent, torch.full((4,), k))["sample"] for k in (0, 1))
    assert torch.equal(first, second)  # all classes begin alike
    nn.init.normal_(generator.norm.gain.weight)
    first, second = (generator(latent, torch.full((4,), k))["sample"] for k in (0, 1))
    assert not torch.allclose(first, second)


@pytest.mark.parametrize("cls", [ConditionalSNResNetGenerator, ProjectionCritic])
def test_missing_labels_and_other_sizes_are_refused(cls: type) -> None:
    with pytest.raises(UserError, match="needs labels, which this data lacks"):
        cls(images(16))
    with pytest.raises(UserError, match="make them 48 x 48 or 56 x 56"):
        cls(images(50, classes=2))


def test_penalties_differentiate_twice_through_the_norm() -> None:
    critic = SNGANCritic(images(16), width=2)
    sample = torch.randn(2, 3, 16, 16, requires_grad=True)
    (gradient,) = torch.autograd.grad(critic(sample)["score"].sum(), sample, create_graph=True)
    gradient.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for name, p in critic.named_parameters() if "weight" in name)
