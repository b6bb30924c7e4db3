"""StyleGAN2's networks: the authors' counts, weights of each sample, noise, mixing, psi."""

import math

import pytest
import torch
from ganzoo_stylegan2.critic import ResidualBlock, StyleGAN2Critic
from ganzoo_stylegan2.generator import StyleGAN2Generator
from ganzoo_stylegan2.modulation import ModulatedConv2d, StyledLayer
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from ganzoo import DataSpec, UserError


def images(height: int, width: int = 0) -> DataSpec:
    return DataSpec({"sample": (3, height, width or height)})


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def small(size: int = 16, **more: float) -> StyleGAN2Generator:
    torch.manual_seed(0)
    return StyleGAN2Generator(images(size), latent_dim=6, style_dim=5, mapping_layers=2, width=8, capacity=64, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size", "capacity", "generator", "critic"),
    [(256, 16384, 24_767_458, 24_001_089), (256, 32768, 30_034_338, 28_864_129), (1024, 32768, 30_370_060, 29_012_513)],
)
def test_parameters_are_as_many_as_the_authors_files_make(size: int, capacity: int, generator: int, critic: int) -> None:
    with torch.device("meta"):
        assert count(StyleGAN2Generator(images(size), capacity=capacity)) == generator
        assert count(StyleGAN2Critic(images(size), capacity=capacity)) == critic


@pytest.mark.parametrize("size", [(16, 16), (28, 28), (48, 96)])
def test_shapes_at_every_size(size: tuple[int, int]) -> None:
    data = images(*size)
    generator = StyleGAN2Generator(data, latent_dim=6, style_dim=5, mapping_layers=2, width=8, capacity=64)
    sample = generator(torch.randn(4, 6), torch.ones(4))["sample"]
    assert sample.shape == (4, 3, *size)
    assert StyleGAN2Critic(data, width=8, capacity=64)(sample)["score"].shape == (4,)


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize("up", [True, False])
def test_a_modulated_convolution_has_a_weight_of_its_own_for_each_sample(up: bool, demodulate: bool) -> None:
    layer = ModulatedConv2d(4, 3, 3, 5, up=up, demodulate=demodulate).double()
    x, w = torch.randn(2, 4, 6, 6, dtype=torch.float64), torch.randn(2, 5, dtype=torch.float64)
    out, styles = layer(x, w), layer.style(w)
    for n in range(2):
        weight = layer.weight / 6 * styles[n][:, None, None]  # sqrt(4 x 3 x 3)
        if demodulate:
            weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
            torch.testing.assert_close(weight.flatten(1).norm(dim=1), torch.ones(3, dtype=torch.float64))
        plain = conv2d(x[n : n + 1], weight, padding=1)
        if up:
            taps = torch.tensor([1.0, 3, 3, 1], dtype=torch.float64)
            doubled = conv_transpose2d(x[n : n + 1], weight.transpose(0, 1), stride=2)
            plain = conv2d(doubled, torch.outer(taps, taps).expand(3, 1, 4, 4) / 16, padding=1, groups=3)
        torch.testing.assert_close(out[n], plain[0], rtol=1e-9, atol=1e-9)
    assert layer.style(torch.zeros(1, 5, dtype=torch.float64)).tolist() == [[1.0] * 4]


def test_the_noise_is_drawn_in_training_and_fixed_afterwards() -> None:
    layer = StyledLayer(4, 4, 5, (6, 6), up=False)
    x, w = torch.randn(2, 4, 6, 6), torch.randn(2, 5)
    assert torch.equal(layer(x, w), layer(x, w))  # its strength starts at 0
    nn.init.ones_(layer.strength)
    assert not torch.equal(layer(x, w), layer(x, w))
    assert torch.equal(layer.eval()(x, w), layer(x, w))
    assert "noise" in layer.state_dict()


def styles_of(generator: StyleGAN2Generator, latent: Tensor) -> Tensor:
    return generator.map(latent)["styles"]


def test_styles_are_mixed_from_a_random_layer_on_in_training_only() -> None:
    generator, latent = small(mixing=1.0), torch.randn(3, 6)
    own = generator.mapping(latent)
    cuts = set()
    for _ in range(60):
        same = (styles_of(generator, latent) == own[:, None]).all(2)
        assert torch.equal(same, same[:1].expand(3, -1))  # one cut a batch
        cut = int(same[0].sum())
        assert bool(same[0, :cut].all())
        cuts.add(cut)
    assert cuts == {1, 2, 3, 4, 5}  # of 6 layers, the last image's included
    assert torch.equal(styles_of(generator.eval(), latent), own[:, None].expand(-1, 6, -1))
    assert torch.equal(styles_of(small(mixing=0.0), latent), styles_of(small(mixing=0.0).eval(), latent))


def test_the_share_of_mixed_batches_is_the_probability() -> None:
    generator, latent = small(mixing=0.9), torch.randn(1, 6)
    own = generator.mapping(latent)[:, None]
    mixed = sum(not torch.equal(styles_of(generator, latent), own.expand(-1, 6, -1)) for _ in range(400))
    assert 0.84 < mixed / 400 < 0.95


def test_psi_draws_styles_to_the_average_of_training() -> None:
    generator = small(mixing=0.0)
    latent, psi = torch.randn(8, 6), torch.ones(8)
    expected = torch.zeros(5)
    for _ in range(3):
        generator(latent, psi)
        expected = expected + 0.005 * (generator.mapping(latent).mean(0) - expected)
    torch.testing.assert_close(generator.average, expected)
    generator.eval()
    whole = generator(latent, psi)["sample"]
    torch.testing.assert_close(whole, generator.synthesise(styles_of(generator, latent))["sample"])
    drawn = generator.truncated({"latent": latent, "psi": psi}, 0.5)
    half = generator.synthesise(generator.average + 0.5 * (styles_of(generator, latent) - generator.average))["sample"]
    torch.testing.assert_close(generator(**drawn)["sample"], half)
    nearly = generator(**generator.truncated(drawn, 1e-6))["sample"]
    torch.testing.assert_close(nearly[0], nearly[1], rtol=0, atol=1e-4)


def test_evaluation_leaves_the_average_alone_and_cuts_samples_off() -> None:
    generator = small()
    before = generator.average.clone()
    nn.init.constant_(generator.images[-1].bias, 9.0)
    assert generator.eval()(torch.randn(2, 6), torch.ones(2))["sample"].max() == 1
    assert torch.equal(generator.average, before)


def test_a_critics_block_is_the_formula() -> None:
    block, x = ResidualBlock(4, 6).double(), torch.randn(2, 4, 8, 8, dtype=torch.float64)
    first, second, skip = (layer for layer in block.modules() if isinstance(layer, nn.Conv2d))
    taps = torch.tensor([1.0, 3, 3, 1], dtype=torch.float64) / 8
    blur = torch.outer(taps, taps).expand(4, 1, 4, 4)

    def original(layer: nn.Conv2d) -> Tensor:
        return layer.parametrizations.weight.original / math.sqrt(layer.weight[0].numel())  # type: ignore[union-attr,no-any-return,operator]

    def act(y: Tensor) -> Tensor:
        return math.sqrt(2) * torch.where(y > 0, y, 0.2 * y)

    path = act(conv2d(x, original(first), first.bias, padding=1))
    path = act(conv2d(conv2d(path, blur, padding=2, groups=4), original(second), second.bias, stride=2))
    shortcut = conv2d(conv2d(x, blur, padding=1, stride=2, groups=4), original(skip))
    torch.testing.assert_close(block(x), (path + shortcut) / math.sqrt(2), rtol=1e-9, atol=1e-9)


def test_a_score_depends_on_the_others_of_its_group_alone() -> None:
    sample = torch.randn(8, 3, 16, 16)
    critic = StyleGAN2Critic(images(16), width=8, capacity=128, group=4)
    for changed, same in ((2, False), (1, True)):  # sample 0 is in a group with 2, 4 and 6
        others = sample.clone()
        others[changed] *= 2
        assert torch.allclose(critic(sample)["score"][0], critic(others)["score"][0], atol=0, rtol=0) == same


def test_other_shapes_are_refused() -> None:
    with pytest.raises(UserError, match="make them 28 x 28 or 32 x 32, the nearest sizes"):
        StyleGAN2Generator(images(31))
