"""Where convolutions with a double backward of ordinary ones are used, what they cost, and what is left as it was."""

import copy

import pytest
import torch
from convolved import changed, same
from torch import nn
from torch.autograd import forward_ad
from torch.utils._python_dispatch import TorchDispatchMode

from ganzoo.config import parse_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.convolutions import use_ordinary_double_backward
from ganzoo.engine.loop import rehearse
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter

REGISTRY = Registry.installed()
LAYERS = (nn.Conv2d, nn.ConvTranspose2d)


class Convolutions(TorchDispatchMode):
    """Records the convolutions that torch is asked for: sides of the kernels, and which gradients are computed."""

    def __init__(self):
        super().__init__()
        self.sides, self.masks = [], []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function is torch.ops.aten.convolution.default:
            self.sides += args[1].shape[2:]
        if function is torch.ops.aten.convolution_backward.default:
            self.masks.append(tuple(args[-1]))
        return function(*args, **(kwargs or {}))


def penalty(network, sample):
    sample = sample.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(network(sample).sum(), sample, create_graph=True)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def critic():
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True), nn.Conv2d(8, 16, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*layers, nn.Conv2d(16, 1, 8), nn.Flatten(0))


def pictures(n=4):
    torch.manual_seed(2)
    return torch.randn(n, 3, 32, 32)


def test_a_penaltys_double_backward_has_no_kernel_larger_than_a_layers_where_torchs_has():
    seen = []
    for network in (critic(), changed(critic())[0]):
        with Convolutions() as convolutions:
            penalty(network, pictures()).backward()
        seen.append(max(convolutions.sides))
    assert seen == [16, 8]  # the output gradient of the first layer in the kernel's place; the last layer's own kernel


def test_a_penaltys_first_backward_computes_no_gradient_of_a_weight():
    network, x = changed(critic())[0], pictures().requires_grad_()
    score = network(x).sum()
    with Convolutions() as convolutions:
        torch.autograd.grad(score, x, create_graph=True)
    assert convolutions.masks == [(True, False, False)] * 3


def test_an_update_without_a_penalty_has_the_same_gradients_bit_for_bit_of_as_many_kernels():
    found = []
    for network in (critic(), changed(critic())[0]):
        with Convolutions() as convolutions:
            network(pictures()).square().mean().backward()
        found.append(([p.grad for p in network.parameters()], convolutions.masks))
    assert found[0][1] == found[1][1]
    assert all(torch.equal(a, b) for a, b in zip(found[0][0], found[1][0], strict=True))


@pytest.mark.parametrize("within", [False, True], ids=["", "backward within autocast"])
def test_mixed_precision_gives_what_torch_gives(within):
    found = []
    for network in (critic(), changed(critic())[0]):
        x = pictures().requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False):
            score = network(x)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=within):
            (gradient,) = torch.autograd.grad(score.float().sum(), x, create_graph=True)
            (gradient.flatten(1).norm(dim=1) - 1).square().mean().backward()
        found.append(([score, gradient], [p.grad for p in network.parameters()]))
    (wanted, wanted_second), (ours, second) = found
    assert score.dtype == torch.bfloat16
    same(wanted, ours, 0)
    same(wanted_second, second, 0.02)


def test_a_backward_within_autocast_of_a_forward_without_keeps_float32():
    network, x = changed(critic())[0], pictures().requires_grad_()
    score = network(x).sum()
    (gradient,) = torch.autograd.grad(score, x, create_graph=True)
    loss = gradient.square().sum()
    wanted = torch.autograd.grad(loss, network[0].weight, retain_graph=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = torch.autograd.grad(loss, network[0].weight)
    same(wanted, found, 0)


def test_a_network_keeps_its_classes_its_state_and_what_a_copy_of_it_is():
    plain = critic()
    ours, count = changed(plain)
    assert (count, use_ordinary_double_backward(ours)) == (3, 0)
    assert [type(module) for module in ours.modules()] == [type(module) for module in plain.modules()]
    assert list(ours.state_dict()) == list(plain.state_dict())
    copied = copy.deepcopy(ours)
    with torch.no_grad():
        for p in copied.parameters():
            p.zero_()
    for x in (pictures(), pictures().requires_grad_()):
        assert torch.equal(ours(x), plain(x))
        assert not copied(x).any()


def test_spectral_norm_of_either_kind_goes_along():
    for norm in (torch.nn.utils.parametrizations.spectral_norm, torch.nn.utils.spectral_norm):
        torch.manual_seed(0)
        plain = nn.Sequential(norm(nn.Conv2d(3, 4, 3)), nn.Tanh(), norm(nn.ConvTranspose2d(4, 1, 4, 2, 1)), nn.Flatten())
        ours = copy.deepcopy(plain)
        assert use_ordinary_double_backward(ours) == 2
        for network in (plain, ours):
            penalty(network, pictures()).backward()
        same([p.grad for p in plain.parameters()], [p.grad for p in ours.parameters()], 1e-4)


class Scaled(nn.Conv2d):
    """A layer with a forward of its own."""

    def forward(self, x):
        return super().forward(x) / 2


def test_layers_that_do_otherwise_are_left_alone():
    others = [
        nn.Conv2d(3, 3, 3, padding="same"),
        nn.Conv2d(3, 3, 3, padding=1, padding_mode="circular"),
        Scaled(3, 3, 3),
        nn.Conv1d(3, 3, 3),
    ]
    assert use_ordinary_double_backward(nn.ModuleList(others)) == 0


def test_what_is_no_batch_and_what_torch_transforms_runs_as_before():
    plain = nn.ConvTranspose2d(3, 2, 3, 2)
    ours, x = changed(plain)[0], pictures()
    assert torch.equal(ours(x[0]), plain(x[0]))
    assert torch.equal(ours(x, output_size=(66, 66)), plain(x, output_size=(66, 66)))
    gradients = [torch.func.grad(lambda v, f=network: f(v).square().sum())(x) for network in (plain, ours)]
    assert torch.equal(*gradients)
    with forward_ad.dual_level():
        tangents = [forward_ad.unpack_dual(network(forward_ad.make_dual(x, x))).tangent for network in (plain, ours)]
    assert torch.equal(*tangents)


def test_a_changed_network_is_exported_as_any_other():
    ours, x = changed(critic())[0].eval(), pictures()
    with torch.no_grad():
        program = torch.export.export(ours, (x,), strict=False)
        assert torch.equal(program.module()(x), ours(x))
    assert "aten.conv2d" in str(program.graph)


@pytest.mark.parametrize(
    ("losses", "precision", "switch", "applied"),
    [
        ("[wasserstein, gradient_penalty]", "bf16", None, True),
        ("[wasserstein, gradient_penalty]", "fp32", None, False),
        ("[wasserstein, gradient_penalty]", "fp32", True, True),
        ("[wasserstein, gradient_penalty]", "bf16", False, False),
        ("wasserstein", "bf16", None, False),
    ],
)
def test_a_run_uses_them_for_the_critic_under_a_penalty_where_they_pay(losses, precision, switch, applied):
    text = f"""
data: digits
generator: {{name: dcgan, width: 4}}
critic: {{name: dcgan, width: 4, norm: none}}
loss: {losses}
train: {{steps: 1, batch_size: 4, device: cpu, threads: 1, precision: {precision}}}
"""
    config = parse_config(text)
    run, _ = build(config, resolve(config, REGISTRY), reporter(quiet=True), ordinary_double_backward=switch)
    layers = [module for module in run.critic.modules() if isinstance(module, LAYERS)]
    assert layers
    assert [("forward" in vars(layer)) for layer in layers] == [applied] * len(layers)
    assert not any("forward" in vars(module) for module in run.generator.modules())
    assert rehearse(run)
