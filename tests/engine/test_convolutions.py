"""Convolutions with a double backward of ordinary convolutions: torch's results, by other operations."""

import copy
import dataclasses
from functools import partial

import pytest
import torch
from ganzoo_kit.crossing import default_parts
from ganzoo_kit.testing.component import Candidate
from torch import nn
from torch.autograd import forward_ad
from torch.utils._python_dispatch import TorchDispatchMode

from ganzoo.config import parse_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.convolutions import Geometry, convolve, use_ordinary_double_backward
from ganzoo.engine.loop import rehearse
from ganzoo.fields import DataSpec, forward_inputs
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter

REGISTRY = Registry.installed()
PARTS = {
    f"{kind} {part.name}": dataclasses.replace(part, params=Candidate(part.component).parameters)
    for kind in ("generator", "critic")
    for part in default_parts(REGISTRY, kind)
    if part.component.name != "patchgan_pair"
    and part.component.distribution not in ("ganzoo-context-encoder", "ganzoo-cyclegan", "ganzoo-pix2pix", "ganzoo-pixeldt", "ganzoo-srgan")
}
"""Every network of images without a source or a mask, narrow: it has the same layers."""
IMAGES = DataSpec({"sample": (1, 28, 28), "label": ()}, 10)
LAYERS = (nn.Conv2d, nn.ConvTranspose2d)

Conv, Transposed = partial(nn.Conv2d, 4, 6), partial(nn.ConvTranspose2d, 4, 6)
GEOMETRIES = {
    "1": Conv(1),
    "3": Conv(3),
    "4, stride 2": Conv(4, 2, 1),
    "5, stride 3": Conv(5, 3, 2),
    "stride larger than kernel": Conv(1, 3),
    "dilated": Conv(3, 1, 2, 2),
    "dilated, stride 2": Conv(2, 2, 1, 3),
    "groups": Conv(3, 2, 1, groups=2),
    "depthwise": nn.Conv2d(4, 8, 3, padding=1, groups=4),
    "no bias": Conv(3, bias=False),
    "not square": Conv((1, 4), (2, 1), (0, 3), (1, 2)),
    "transposed 1": Transposed(1),
    "transposed 4, stride 2": Transposed(4, 2, 1),
    "transposed 5, stride 3": Transposed(5, 3, 2, 2),
    "transposed 3, dilated": Transposed(3, 2, 1, 1, dilation=2),
    "transposed, output padding of the stride": Transposed(3, 1, 1, 1, dilation=2),
    "transposed, groups": Transposed(3, 2, 1, groups=2, bias=False),
    "transposed, not square": Transposed((2, 5), (1, 3), (0, 2), (0, 1)),
}


def changed(network):
    copied = copy.deepcopy(network)
    return copied, use_ordinary_double_backward(copied)


def derivatives(compute, inputs, network):
    """The output, its squares' gradients, and the gradients of those gradients' squares: of inputs and parameters."""
    torch.manual_seed(1)  # for dropout
    inputs = [value.detach().requires_grad_() for value in inputs]
    leaves = [*inputs, *(p for p in network.parameters() if p.requires_grad)]
    output = compute(network, *inputs)
    first = torch.autograd.grad(output.square().sum(), leaves, create_graph=True, allow_unused=True)
    total = sum(gradient.square().sum() for gradient in first if gradient is not None)
    second = torch.autograd.grad(total, leaves, allow_unused=True)
    return [output], list(first), list(second)


def same(wanted, found, tolerance=1e-10):
    """Each within ``tolerance`` of its own largest value, or of rounding: a bias before a norm has the gradient 0."""
    assert len(wanted) == len(found)
    rounding = tolerance * 1e-5 * max(theirs.abs().max() for theirs in wanted if theirs is not None)
    for ours, theirs in zip(found, wanted, strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None and theirs is not None:
            assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
            assert (ours - theirs).abs().max() <= tolerance * theirs.abs().max() + rounding


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


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_every_geometry_has_torchs_gradients_of_first_and_second_order(name, order):
    torch.manual_seed(0)
    plain = copy.deepcopy(GEOMETRIES[name]).double().to(memory_format=order)
    ours, count = changed(plain)
    x = torch.randn(3, 4, 9, 11, dtype=torch.float64).contiguous(memory_format=order)
    results = [derivatives(lambda network, value: network(value), [x], network) for network in (plain, ours)]
    assert count == 1
    for wanted, found in zip(*results, strict=True):
        same(wanted, found)


@pytest.mark.parametrize("name", ["4, stride 2", "dilated, stride 2", "groups", "transposed 5, stride 3", "transposed, groups"])
def test_numerical_differences_agree_with_both_orders(name):
    torch.manual_seed(0)
    layer = copy.deepcopy(GEOMETRIES[name]).double()
    transposed = isinstance(layer, nn.ConvTranspose2d)
    padding = layer.output_padding if transposed else (0, 0)
    geometry = Geometry(layer.stride, layer.padding, layer.dilation, transposed, padding, layer.groups)
    x = torch.randn(1, 4, 4, 5, dtype=torch.float64, requires_grad=True)
    inputs = [x, *(p for p in (layer.weight, layer.bias) if p is not None)]

    def compute(x, weight, bias=None):
        return convolve(x, weight, bias, geometry)

    assert torch.autograd.gradcheck(compute, inputs, fast_mode=True)
    assert torch.autograd.gradgradcheck(compute, inputs, fast_mode=True)


@pytest.mark.parametrize("name", PARTS)
def test_every_built_in_network_has_torchs_gradients_of_first_and_second_order(name):
    torch.manual_seed(0)
    plain = PARTS[name].build(IMAGES).double().train()
    ours, count = changed(plain)
    assert count == sum(isinstance(module, LAYERS) for module in plain.modules())
    if not count:
        return
    given = {"sample": torch.rand(3, 1, 28, 28) * 2 - 1, "label": torch.tensor([0, 7, 2])}
    given |= plain.draw(3, torch.device("cpu")) if name.startswith("generator") else {}
    fields = {key: value.double() if value.is_floating_point() else value for key, value in given.items()}
    floats = [key for key in forward_inputs(type(plain)) if fields[key].is_floating_point()]
    rest = {key: fields[key] for key in forward_inputs(type(plain)) if key not in floats}

    def compute(network, *inputs):
        return torch.cat([value.flatten() for value in network(**dict(zip(floats, inputs, strict=True)), **rest).values()])

    results = [derivatives(compute, [fields[key] for key in floats], network) for network in (plain, ours)]
    for wanted, found in zip(*results, strict=True):
        assert any(value is not None and value.any() for value in wanted)
        same(wanted, found)


def test_built_in_networks_with_convolutions_are_among_those_compared():
    networks = [part.build(IMAGES) for part in PARTS.values()]
    assert sum(any(isinstance(module, LAYERS) for module in network.modules()) for network in networks) >= 6


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
def test_a_run_uses_them_for_the_critic_under_a_penalty_where_they_pay(losses, precision, switch, applied, tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
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
