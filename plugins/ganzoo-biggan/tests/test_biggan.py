"""BigGAN's networks: the authors' counts, where latent and class go, blocks that keep what they can."""

import pytest
import torch
from ganzoo_biggan.critic import BigGANCritic
from ganzoo_biggan.deep import BigGANDeepCritic, BigGANDeepGenerator, DeepDownBlock, DeepUpBlock
from ganzoo_biggan.generator import BigGANGenerator
from ganzoo_layers import residual
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo import DataSpec, UserError


def images(size: int, classes: int = 3) -> DataSpec:
    return DataSpec({"sample": (3, size, size), "label": ()}, classes)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.fixture
def without_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks are only counted, which neither norm nor initial weights change; without a device both take long."""
    monkeypatch.setattr(residual, "spectral_norm", lambda layer, eps: layer)
    monkeypatch.setattr(nn.init, "orthogonal_", lambda weight: weight)


@pytest.mark.usefixtures("without_norm")
@pytest.mark.parametrize(
    ("size", "latent_dim", "generator", "critic"), [(128, 120, 70_433_988, 87_982_370), (256, 140, 82_235_844, 99_225_890)]
)
def test_parameters_are_as_many_as_the_authors_files_make(size: int, latent_dim: int, generator: int, critic: int) -> None:
    with torch.device("meta"):
        assert count(BigGANGenerator(images(size, 1000), latent_dim=latent_dim)) == generator
        assert count(BigGANCritic(images(size, 1000))) == critic


@pytest.mark.usefixtures("without_norm")
@pytest.mark.parametrize(("size", "generator", "critic"), [(128, 50_244_484, 34_590_210), (256, 55_736_708, 38_247_426)])
def test_parameters_of_the_deep_networks_are_as_many_as_the_authors_files_make(size: int, generator: int, critic: int) -> None:
    with torch.device("meta"):
        assert count(BigGANDeepGenerator(images(size, 1000))) == generator
        assert count(BigGANDeepCritic(images(size, 1000))) == critic


@pytest.mark.parametrize("size", [16, 28, 64])
def test_shapes_at_every_size(size: int) -> None:
    data, label, latent = images(size), torch.tensor([0, 2]), torch.randn(2, 5)
    for generator, critic in ((BigGANGenerator, BigGANCritic), (BigGANDeepGenerator, BigGANDeepCritic)):
        sample = generator(data, latent_dim=5, width=4, embedding=3)(latent, label)["sample"]
        assert sample.shape == (2, 3, size, size)
        assert critic(data, width=4)(sample, label)["score"].shape == (2,)


def test_the_latent_is_split_and_each_block_gets_its_chunk_and_the_class() -> None:
    torch.manual_seed(0)
    generator = BigGANGenerator(images(28), latent_dim=8, width=2, embedding=3).eval()
    assert generator.chunks == [3, 3, 2]  # the first layer's, and one for each of two blocks
    seen: list[torch.Tensor] = []
    for block in generator.blocks:
        block.norms[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
    latent, label = torch.randn(2, 8), torch.tensor([0, 2])
    generator(latent, label)
    for found, chunk in zip(seen, (latent[:, 3:6], latent[:, 6:]), strict=True):
        torch.testing.assert_close(found, torch.cat([generator.classes(label), chunk], dim=1))
    start = generator.first(latent[:, :3])
    torch.testing.assert_close(start, latent[:, :3] @ generator.first.weight.T + generator.first.bias)


def test_a_deep_generator_gives_the_whole_latent_and_the_class_to_every_block() -> None:
    generator = BigGANDeepGenerator(images(16), latent_dim=4, width=2, embedding=3).eval()
    seen: list[torch.Tensor] = []
    for block in generator.blocks:
        if isinstance(block, DeepUpBlock):
            block.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
    latent, label = torch.randn(2, 4), torch.tensor([0, 2])
    generator(latent, label)
    assert len(seen) == 4  # two blocks at each of two sizes
    assert all(torch.equal(found, torch.cat([generator.classes(label), latent], dim=1)) for found in seen)


def test_deep_shortcuts_drop_and_append_channels() -> None:
    x, condition = torch.randn(2, 8, 4, 4), torch.randn(2, 3)
    up = DeepUpBlock(8, 4, 3, double=True)
    nn.init.zeros_(up.convolutions[-1].parametrizations.weight.original)  # type: ignore[union-attr]
    up.convolutions[-1].weight
    down = DeepDownBlock(8, 12, halve=True)
    for path, block in ((up.convolutions[-1], up), (down.path[-1], down)):
        path.forward = lambda y, block=block: y.new_zeros(())  # type: ignore[method-assign]
    torch.testing.assert_close(up(x, condition), interpolate(x[:, :4], scale_factor=2))
    torch.testing.assert_close(down(x)[:, :8], avg_pool2d(x, 2))
    assert down.more is not None
    torch.testing.assert_close(down.eval()(x)[:, 8:], down.more(avg_pool2d(x, 2)))


def test_weights_start_orthogonal_and_the_class_embedding_has_no_spectral_norm() -> None:
    generator = BigGANGenerator(images(16, 4), latent_dim=6, width=2, embedding=5)
    rows = generator.classes.weight
    torch.testing.assert_close(rows @ rows.T, torch.eye(4), atol=1e-5, rtol=0)
    weight = generator.blocks[0].shortcut.parametrizations.weight.original.flatten(1)
    torch.testing.assert_close(weight @ weight.T, torch.eye(len(weight)), atol=1e-5, rtol=0)
    assert not hasattr(generator.classes, "parametrizations")


def test_data_without_labels_is_refused() -> None:
    for cls in (BigGANGenerator, BigGANCritic, BigGANDeepGenerator, BigGANDeepCritic):
        with pytest.raises(UserError, match=r"biggan\w* needs labels"):
            cls(DataSpec({"sample": (3, 16, 16)}))
