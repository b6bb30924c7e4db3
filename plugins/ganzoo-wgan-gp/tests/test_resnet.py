# mypy: disable-error-code="no-untyped-call"
import math

import pytest
import torch
from ganzoo_wgan_gp.blocks import ResidualBlock
from ganzoo_wgan_gp.gradient_penalty import GradientPenalty
from ganzoo_wgan_gp.networks import ResNetCritic, ResNetGenerator
from pydantic import ValidationError
from torch import nn

from ganzoo import DataSpec, Turn, UserError
from ganzoo.params import model_of
from ganzoo.registry import Registry

SIZES = (16, 28, 32, 64, 128, 256)


def images(size: int, channels: int = 3) -> DataSpec:
    return DataSpec({"sample": (channels, size, size)})


def blocks(network: nn.Module) -> list[tuple[int, int]]:
    """Channels of the first and the last convolution of each block."""
    found = [[m for m in block.path if isinstance(m, nn.Conv2d)] for block in network.modules() if isinstance(block, ResidualBlock)]
    return [(first.in_channels, last.out_channels) for first, last in found]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("norm", ["layer", "none"])
def test_shapes_at_every_size(size: int, norm: str) -> None:
    with torch.device("meta"):
        generator = ResNetGenerator(images(size), latent_dim=5, width=2)
        critic = ResNetCritic(images(size), width=2, norm=norm)  # type: ignore[arg-type]
        sample = generator(torch.empty(4, 5))["sample"]
        assert sample.shape == (4, 3, size, size)
        assert critic(sample)["score"].shape == (4,)


def test_channels_are_those_of_the_authors() -> None:
    with torch.device("meta"):
        assert blocks(ResNetGenerator(images(32), width=128)) == [(128, 128)] * 3
        assert blocks(ResNetCritic(images(32), width=128)) == [(3, 128), (128, 128), (128, 128), (128, 128)]
        assert blocks(ResNetGenerator(images(64))) == [(512, 512), (512, 256), (256, 128), (128, 64)]
        assert blocks(ResNetCritic(images(64))) == [(64, 128), (128, 256), (256, 512), (512, 512)]


def test_generator_starts_from_seven_for_28_pixels() -> None:
    generator = ResNetGenerator(images(28, 1), width=2)
    assert generator.net[1](generator.net[0](torch.randn(1, 128))).shape == (1, 2, 7, 7)


@pytest.mark.parametrize("resample", ["up", "down", "same"])
def test_block_is_shortcut_plus_path(resample: str) -> None:
    block = ResidualBlock(4, 4, resample, "none")  # type: ignore[arg-type]
    x = torch.randn(2, 4, 8, 8)
    side = {"up": 16, "down": 4, "same": 8}[resample]
    assert block(x).shape == (2, 4, side, side)
    nn.init.zeros_(block.path[-1 if resample != "down" else -2].weight)  # type: ignore[arg-type]
    assert torch.allclose(block(x), block.shortcut(x))
    if resample == "same":
        assert isinstance(block.shortcut, nn.Identity)


def test_no_activation_touches_the_input_or_clips_the_image() -> None:
    x = torch.randn(2, 3, 8, 8)
    kept = x.clone()
    ResidualBlock(3, 4, "down", "none")(x)
    assert torch.equal(x, kept)
    assert not isinstance(ResidualBlock(3, 4, "down", "none", of_image=True).path[0], nn.ReLU)


@pytest.mark.parametrize("size", [28, 64])
def test_critic_judges_each_sample_by_itself(size: int) -> None:
    for norm in ("layer", "none"):
        critic = ResNetCritic(images(size), width=2, norm=norm)  # type: ignore[arg-type]
        sample = torch.randn(3, 3, size, size)
        other = torch.cat([sample[:1], torch.randn(2, 3, size, size)])
        assert (critic.norm, critic.mixes_batch) == (norm, False)
        assert torch.allclose(critic(sample)["score"][0], critic(other)["score"][0], atol=1e-5)


def test_initial_weights_are_the_authors() -> None:
    torch.manual_seed(0)
    block = ResidualBlock(32, 64, "up", "batch")
    first, last = (m for m in block.path if isinstance(m, nn.Conv2d))
    assert first.weight.std().item() == pytest.approx(math.sqrt(4 / (9 * (32 + 64))), rel=0.03)
    assert last.weight.std().item() == pytest.approx(math.sqrt(4 / (9 * (64 + 64))), rel=0.03)
    shortcut = next(m for m in block.shortcut.modules() if isinstance(m, nn.Conv2d))
    assert shortcut.weight.std().item() == pytest.approx(math.sqrt(2 / (32 + 64)), rel=0.06)
    assert first.bias is None  # batch norm follows


@pytest.mark.parametrize("norm", ["layer", "none"])
@pytest.mark.parametrize("size", [28, 64])
def test_penalty_reaches_every_weight_that_shapes_the_gradient(norm: str, size: int) -> None:
    data = images(size, 1)
    generator, critic = ResNetGenerator(data, width=2), ResNetCritic(data, width=4, norm=norm)  # type: ignore[arg-type]
    turn = Turn("critic", generator, critic, {"sample": torch.randn(3, 1, size, size)}, generator.draw(3))
    GradientPenalty(data).critic_terms(turn)["gradient_penalty"].backward()
    assert all(p.grad is None for p in generator.parameters())
    weights = [m.weight for m in critic.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    assert all(w.grad is not None and w.grad.isfinite().all() and w.grad.abs().sum() > 0 for w in weights)


def test_samples_are_bounded() -> None:
    generator = ResNetGenerator(images(32), width=4)
    sample = generator(**generator.draw(4))["sample"]
    assert sample.abs().max() <= 1
    assert sample.std() > 0.01


@pytest.mark.parametrize("shape", [(3, 50, 50), (3, 64, 34), (3, 8, 8), (2,)])
@pytest.mark.parametrize("network", [ResNetGenerator, ResNetCritic])
def test_other_shapes_are_refused_naming_what_is_served(network: type, shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match=r"resnet (serves|halves) images"):
        network(DataSpec({"sample": shape}))


def test_parameters_are_validated_and_batch_norm_is_not_offered_to_the_critic() -> None:
    for cls, bad in [(ResNetCritic, '{"norm": "batch"}'), (ResNetCritic, '{"width": 0}'), (ResNetGenerator, '{"norm": "none"}')]:
        with pytest.raises(ValidationError):
            model_of(cls).model_validate_json(bad)


def test_door_leads_to_the_networks() -> None:
    registry = Registry.installed()
    assert registry.find("generator", "ganzoo-wgan-gp/resnet").load() is ResNetGenerator
    assert registry.find("critic", "ganzoo-wgan-gp/resnet").load() is ResNetCritic
