"""Convolutions with a double backward of ordinary convolutions: torch's results, by other operations."""

import copy
import dataclasses
from functools import partial

import pytest
import torch
from convolved import changed, same
from ganzoo_kit.crossing import default_parts
from ganzoo_kit.testing.component import Candidate
from torch import nn

from ganzoo.engine.convolutions import Geometry, convolve
from ganzoo.fields import DataSpec, forward_inputs
from ganzoo.registry import Registry

REGISTRY = Registry.installed()
PARTS = {
    f"{kind} {part.name}": dataclasses.replace(part, params=Candidate(part.component).parameters)
    for kind in ("generator", "critic")
    for part in default_parts(REGISTRY, kind)
    if part.component.name not in ("patchgan_pair", "icgan", "stackgan")
    and part.component.distribution
    not in ("ganzoo-context-encoder", "ganzoo-cyclegan", "ganzoo-pix2pix", "ganzoo-pixeldt", "ganzoo-progan", "ganzoo-srgan")
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
