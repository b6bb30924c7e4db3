# mypy: disable-error-code="no-untyped-call"
import subprocess
import sys

import pytest
import torch
from ganzoo_dcgan.networks import DCGANCritic, DCGANGenerator, Norm, normalisation
from pydantic import ValidationError
from torch import nn

from ganzoo import DataSpec, UserError
from ganzoo.params import model_of
from ganzoo.registry import Registry

SIZES = (16, 28, 32, 64, 128, 256)
NORMS: tuple[Norm, ...] = ("batch", "layer", "instance", "none")
NORM_LAYERS = {"batch": nn.BatchNorm2d, "layer": nn.GroupNorm, "instance": nn.InstanceNorm2d}


def images(size: int, channels: int = 3) -> DataSpec:
    return DataSpec({"sample": (channels, size, size)})


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("hidden", [0, 3])
def test_shapes_at_every_size(size: int, norm: Norm, hidden: int) -> None:
    with torch.device("meta"):
        generator = DCGANGenerator(images(size), latent_dim=5, width=2, norm=norm)
        critic = DCGANCritic(images(size), width=2, norm=norm, hidden=hidden)
        sample = generator(torch.empty(4, 5))["sample"]
        assert sample.shape == (4, 3, size, size)
        assert critic(sample)["score"].shape == (4,)


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_numbers_of_weights_are_those_of_the_reference_code() -> None:
    assert count(DCGANGenerator(images(64))) == 3_576_704  # pytorch/examples, dcgan/main.py
    assert count(DCGANCritic(images(64))) == 2_765_568
    assert count(DCGANGenerator(images(28, 1), width=32)) == 100 * 64 * 49 + 2 * 64 + 64 * 32 * 16 + 2 * 32 + 32 * 16
    assert count(DCGANCritic(images(28, 1), width=32)) == 32 * 16 + 32 * 64 * 16 + 2 * 64 + 64 * 49
    convolutions = 32 * 16 + 32 * 64 * 16
    assert count(DCGANCritic(images(28, 1), width=32, hidden=8)) == convolutions + 2 * 64 + (64 * 49 + 1) * 8 + 2 * 8 + 8
    assert count(DCGANCritic(images(28, 1), width=32, norm="none", hidden=8)) == convolutions + 32 + 64 + (64 * 49 + 1) * 8 + 8 + 1


def test_a_hidden_layer_lets_a_change_count_by_what_stands_elsewhere() -> None:
    spots = torch.zeros(4, 1, 28, 28)
    spots[[1, 3], :, 2, 2] = spots[[2, 3], :, 25, 25] = 9.0  # none, one, the other, both: too far apart for one window
    apart = {}
    for hidden in (0, 16):
        torch.manual_seed(0)
        critic = DCGANCritic(images(28, 1), width=4, norm="none", hidden=hidden, init_std=0.3)
        scores = critic(spots)["score"].detach()
        none, one, other, both = scores
        apart[hidden] = float((both - one - other + none).abs() / scores.abs().max())
    assert apart[0] < 1e-5
    assert apart[16] > 1e-2


def test_channels_double_towards_the_base_without_a_limit() -> None:
    with torch.device("meta"):
        generator, critic = DCGANGenerator(images(256)), DCGANCritic(images(256))
    assert [m.out_channels for m in generator.modules() if isinstance(m, nn.ConvTranspose2d)] == [1024, 512, 256, 128, 64, 3]
    assert [m.out_channels for m in critic.modules() if isinstance(m, nn.Conv2d)] == [64, 128, 256, 512, 1024, 2048]


@pytest.mark.parametrize("norm", ["batch", "layer", "instance"])
def test_norms_leave_out_the_generators_output_and_the_critics_first_layer(norm: Norm) -> None:
    generator, critic = DCGANGenerator(images(32), width=2, norm=norm), DCGANCritic(images(32), width=2, norm=norm)
    names = [[type(m) for m in network.net] for network in (generator, critic)]
    assert names[0][-2:] == [nn.ConvTranspose2d, nn.Tanh]
    assert names[1][:3] == [nn.Conv2d, nn.LeakyReLU, nn.Conv2d]
    assert sum(t is NORM_LAYERS[norm] for t in names[0]) == 3  # base, two inner stages
    assert sum(t is NORM_LAYERS[norm] for t in names[1]) == 2


def score_depends_on_the_batch(critic: DCGANCritic) -> bool:
    sample = torch.randn(4, 3, 16, 16)
    other = torch.cat([sample[:1], torch.randn(3, 3, 16, 16)])
    return not torch.allclose(critic(sample)["score"][0], critic(other)["score"][0], atol=1e-6)


@pytest.mark.parametrize("hidden", [0, 8])
@pytest.mark.parametrize("norm", NORMS)
def test_critic_says_truly_whether_it_mixes_the_batch(norm: Norm, hidden: int) -> None:
    critic = DCGANCritic(images(16), width=4, norm=norm, hidden=hidden, init_std=0.3)
    assert critic.norm == norm
    assert critic.mixes_batch == (norm == "batch")
    assert score_depends_on_the_batch(critic) == critic.mixes_batch


def test_instance_norm_keeps_channels_apart_and_layer_norm_does_not() -> None:
    x = torch.randn(2, 4, 8, 8)
    changed = x.clone()
    changed[:, 1:] *= 5
    instance, layer = normalisation("instance", 4)[0], normalisation("layer", 4)[0]
    assert torch.allclose(instance(x)[:, 0], instance(changed)[:, 0], atol=1e-6)
    assert not torch.allclose(layer(x)[:, 0], layer(changed)[:, 0], atol=1e-3)


@pytest.mark.parametrize("std", [0.02, 0.05])
def test_initial_weights_are_the_papers(std: float) -> None:
    torch.manual_seed(0)
    for network in (DCGANGenerator(images(32), width=32, init_std=std), DCGANCritic(images(32), width=32, init_std=std)):
        for module in network.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)) and module.weight.numel() > 5000:
                assert module.weight.std().item() == pytest.approx(std, rel=0.05)
                assert module.weight.mean().item() == pytest.approx(0, abs=std / 10)
        gains = torch.cat([m.weight for m in network.modules() if isinstance(m, nn.BatchNorm2d)])
        assert gains.mean().item() == pytest.approx(1, abs=std)
        assert gains.std().item() == pytest.approx(std, rel=0.3)


def test_samples_are_bounded_and_every_weight_gets_a_gradient() -> None:
    generator, critic = DCGANGenerator(images(28, 1), width=4, init_std=1.0), DCGANCritic(images(28, 1), width=4)
    sample = generator(**generator.draw(4))["sample"]
    assert sample.abs().max() <= 1
    critic(sample)["score"].sum().backward()
    for network in (generator, critic):
        assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("shape", [(3, 30, 30), (3, 64, 34), (3, 8, 8), (2,), (1, 3, 64, 64)])
@pytest.mark.parametrize("network", [DCGANGenerator, DCGANCritic])
def test_other_shapes_are_refused_naming_what_is_served(network: type, shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match=r"dcgan (serves|halves) images") as refusal:
        network(DataSpec({"sample": shape}))
    assert str(shape) in str(refusal.value)


def test_parameters_are_validated() -> None:
    assert model_of(DCGANCritic).model_validate_json('{"norm": "none", "width": 8}').model_dump()["norm"] == "none"
    for cls, bad in [
        (DCGANGenerator, '{"width": 0}'),
        (DCGANGenerator, '{"width": "64"}'),
        (DCGANGenerator, '{"init_std": 0}'),
        (DCGANCritic, '{"norm": "spectral"}'),
        (DCGANCritic, '{"latent_dim": 100}'),
    ]:
        with pytest.raises(ValidationError):
            model_of(cls).model_validate_json(bad)


def test_door_imports_no_torch_and_leads_to_the_classes() -> None:
    code = "import sys, ganzoo_dcgan; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    registry = Registry.installed()
    assert registry.find("generator", "ganzoo-dcgan/dcgan").load() is DCGANGenerator
    assert registry.find("critic", "ganzoo-dcgan/dcgan").load() is DCGANCritic
