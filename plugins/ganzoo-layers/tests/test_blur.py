"""The filter and its gradients, of any order: what torch's convolution gives, at the price of one convolution each."""

import pytest
import torch
from ganzoo_layers.blur import Blur, Downsample, Upsample
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

LAYERS = [Blur(pad=1), Blur((1, 2, 1)), Downsample(), Upsample()]


def plain(layer, x):
    """The same by torch's own convolution."""
    taps = torch.tensor(layer.taps, dtype=x.dtype)
    kernel, groups = torch.outer(taps, taps).expand(x.shape[1], 1, -1, -1), x.shape[1]
    if isinstance(layer, Upsample):
        return functional.conv_transpose2d(x, kernel * 4, stride=2, padding=layer.pad, groups=groups)
    return functional.conv2d(x, kernel, stride=2 if isinstance(layer, Downsample) else 1, padding=layer.pad, groups=groups)


def derivatives(function, x, direction):
    """The output, its gradient in a direction, and the gradient of that gradient's square."""
    out = function(x)
    (first,) = torch.autograd.grad((out.pow(3) * direction).sum(), x, create_graph=True)
    return out, first, *torch.autograd.grad(first.square().sum(), x)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("sides", [(8, 6), (7, 9)])  # halved, the odd ones leave a row and a column
def test_values_and_derivatives_are_those_of_torchs_convolution(layer, sides):
    x = torch.randn(2, 3, *sides, dtype=torch.float64, requires_grad=True)
    direction = torch.randn_like(layer(x))
    for ours, torchs in zip(derivatives(layer, x, direction), derivatives(lambda y: plain(layer, y), x, direction), strict=True):
        torch.testing.assert_close(ours, torchs, rtol=1e-12, atol=1e-12)
    assert torch.autograd.gradgradcheck(layer, x, fast_mode=True)


class Counting(TorchDispatchMode):
    """Counts the convolutions that run within it."""

    def __init__(self):
        super().__init__()
        self.convolutions = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.convolutions += "convolution" in str(func)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("layer", LAYERS)
def test_a_second_derivative_takes_as_many_convolutions_for_many_channels_as_for_few(layer):
    counts = []
    for function in (layer, lambda x: plain(layer, x)):
        for channels in (2, 32):
            x = torch.randn(1, channels, 8, 8, requires_grad=True)
            with Counting() as counting:
                derivatives(function, x, torch.ones(()))
            counts.append(counting.convolutions)
    few, many, torchs_few, torchs_many = counts
    assert few == many
    assert torchs_many > torchs_few + 20  # of torch's own, one for each channel: when this fails, torch has mended it


@pytest.mark.parametrize("layer", LAYERS)
def test_it_goes_through_torchs_transforms_and_autocast(layer):
    x, tangent = torch.randn(2, 3, 4, 2, 8, 8)[:, 0]
    torch.testing.assert_close(torch.func.vmap(layer)(x[:, None])[:, 0], layer(x))
    _, moved = torch.func.jvp(layer, (x,), (tangent,))
    torch.testing.assert_close(moved, layer(tangent))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = layer(x.requires_grad_())
    out.float().sum().backward()
    assert (out.dtype, x.grad.dtype) == (torch.bfloat16, torch.float32)
