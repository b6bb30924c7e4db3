"""R3GAN's networks: the authors' counts and initialisation, blocks that start as the identity, classes, ranges."""

import pytest
import torch
from ganzoo_r3gan.blocks import GAIN, ResidualBlock
from ganzoo_r3gan.critic import ConditionalR3Critic, R3Critic
from ganzoo_r3gan.generator import ConditionalR3Generator, R3Generator
from torch import Tensor, nn
from torch.nn.functional import conv2d, leaky_relu

from ganzoo import DataSpec, UserError


def images(height: int, width: int = 0, classes: int = 0) -> DataSpec:
    labels: dict[str, tuple[int, ...]] = {"label": ()} if classes else {}
    return DataSpec({"sample": (3, height, width or height)} | labels, classes)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("size", [(16, 16), (28, 28), (48, 96), (64, 64), (128, 128)])
def test_shapes_at_every_size(size: tuple[int, int]) -> None:
    data = images(*size, classes=5)
    label = torch.tensor([0, 4])
    sample = ConditionalR3Generator(data, latent_dim=3, width=8, blocks=1, group=2)(torch.randn(2, 3), label)["sample"]
    assert sample.shape == (2, 3, *size)
    assert R3Critic(data, width=8, blocks=1, group=2)(sample)["score"].shape == (2,)
    assert ConditionalR3Critic(data, width=8, blocks=1, group=2)(sample, label)["score"].shape == (2,)


@pytest.mark.parametrize(
    ("size", "width", "group", "generator", "critic"),
    [(64, 768, 16, 22_429_824, 22_381_440), (256, 768, 16, 23_057_952, 23_009_568)],
)
def test_parameters_are_as_many_as_the_authors_files_make_for_faces(size: int, width: int, group: int, generator: int, critic: int) -> None:
    with torch.device("meta"):
        assert count(R3Generator(images(size), width=width, group=group)) == generator
        assert count(R3Critic(images(size), width=width, group=group)) == critic


@pytest.mark.parametrize(
    ("classes", "width", "group", "generator", "critic"),
    [(10, 768, 16, 20_781_952, 21_280_512), (1000, 1536, 32, 82_914_304, 86_548_992)],
)
def test_parameters_are_as_many_as_the_authors_files_make_for_cifar_10_and_imagenet(
    classes: int, width: int, group: int, generator: int, critic: int
) -> None:
    data = images(32, classes=classes)
    with torch.device("meta"):
        assert count(ConditionalR3Generator(data, width=width, group=group)) == generator
        assert count(ConditionalR3Critic(data, width=width, group=group)) == critic


def test_a_block_is_the_formula_and_starts_as_the_identity() -> None:
    torch.manual_seed(0)
    block, x = ResidualBlock(8, 4, depth=6).double(), torch.randn(2, 8, 5, 5, dtype=torch.float64)
    assert torch.equal(block(x), x)
    for parameter in block.parameters():
        nn.init.normal_(parameter)
    first, grouped, last = block.path[0], block.path[2], block.path[4]
    y = leaky_relu(torch.einsum("oi,nihw->nohw", first.weight[:, :, 0, 0], x) + first.bias[:, None, None], 0.2)
    parts = [conv2d(y[:, i : i + 4], grouped.weight[i : i + 4], padding=1) for i in range(0, 16, 4)]  # groups of 4 channels
    y = leaky_relu(torch.cat(parts, 1) + grouped.bias[:, None, None], 0.2)
    expected = x + torch.einsum("oi,nihw->nohw", last.weight[:, :, 0, 0], y)
    torch.testing.assert_close(block(x), expected, rtol=1e-10, atol=1e-10)


def test_weights_start_smaller_the_more_blocks_there_are() -> None:
    torch.manual_seed(0)
    for depth in (8, 14):
        block = ResidualBlock(192, 16, depth)
        for layer, fan_in in ((block.path[0], 192), (block.path[2], 16 * 9)):
            assert layer.weight.std().item() == pytest.approx(GAIN * depth**-0.25 / fan_in**0.5, rel=0.02)


def test_samples_are_cut_off_where_they_are_taken_and_not_in_training() -> None:
    generator = R3Generator(images(16), latent_dim=4, width=8, group=4)
    nn.init.constant_(generator.net[-1].weight, 5.0)  # type: ignore[arg-type]
    latent = torch.randn(8, 4)
    made = generator(latent)["sample"]
    assert made.abs().max() > 1
    torch.testing.assert_close(generator.eval()(latent)["sample"], made.clamp(-1, 1))


def test_the_class_is_joined_to_the_latent_and_multiplies_the_features() -> None:
    data, label = images(16, classes=3), torch.tensor([2, 0])
    generator = ConditionalR3Generator(data, latent_dim=4, width=8, group=4)
    latent = torch.randn(2, 4)
    assert not torch.allclose(generator(latent, label)["sample"], generator(latent, torch.tensor([1, 0]))["sample"])
    critic, sample = ConditionalR3Critic(data, width=8, group=4).double(), torch.randn(2, 3, 16, 16, dtype=torch.float64)
    features: Tensor = critic.head(critic.body(sample))
    expected = torch.stack([features[0] @ critic.classes.weight[2], features[1] @ critic.classes.weight[0]])
    torch.testing.assert_close(critic(sample, label)["score"], expected, rtol=1e-10, atol=1e-10)


def test_what_does_not_fit_is_refused() -> None:
    for cls in (ConditionalR3Generator, ConditionalR3Critic):
        with pytest.raises(UserError, match="r3gan_conditional needs labels"):
            cls(images(16), width=8, group=4)
    with pytest.raises(UserError, match="groups of 16 do not divide 24, 24, 24 channels"):
        R3Critic(images(16), width=12)
    with pytest.raises(UserError, match="make them 28 x 28 or 32 x 32, the nearest sizes"):
        R3Generator(images(31))
