r"""Convolutions whose second derivatives are convolutions of the layer's own shape.

A penalty on gradients differentiates the critic's input gradient once more. torch's own double backward then computes weight
gradients as forward convolutions in which the image takes the kernel's place (32 x 32 "kernels" with dilation 2), which are
slow everywhere and fill one or two multiprocessors of a GPU. Here each gradient is again one of three operations.
With $T(x, w, g) = \langle g, w * x \rangle$, which is linear in each of input, weight and output gradient, they are

    output            $Y(x, w) = \partial T / \partial g$
    input gradient    $X(g, w) = \partial T / \partial x$
    weight gradient   $W(g, x) = \partial T / \partial w$

and the gradients of any one of them are the other two. The idea is that of conv2d_gradfix in Karras et al., 2021,
arXiv:2106.12423. First gradients come from the same kernels as torch's, so they are the same bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd import Function, forward_ad


class Geometry(NamedTuple):
    """The geometry of a convolution, all but its weight; in the order of ``torch.convolution``."""

    stride: Sequence[int]
    padding: Sequence[int]
    dilation: Sequence[int]
    transposed: bool
    output_padding: Sequence[int]
    groups: int


def use_ordinary_double_backward(network: nn.Module) -> int:
    """Give the ``Conv2d`` and ``ConvTranspose2d`` layers of a network a double backward of ordinary convolutions, in place.

    Parameters, names, classes and results stay; a layer is left alone where it has a forward of its own or pads otherwise
    than with a number of zeros. Parametrised layers (spectral norm) are treated alike.

    Returns:
        The number of layers changed.
    """
    layers = [module for module in network.modules() if _is_plain(module)]
    for layer in layers:
        # A bound method goes along with a deep copy, and a copy's is bound to the copy.
        layer.forward = _forward.__get__(layer)
    return len(layers)


def _is_plain(layer: nn.Module) -> bool:
    """Whether ``layer`` computes what torch's own class computes, on zeros around its input."""
    if not isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)) or isinstance(layer.padding, str) or layer.padding_mode != "zeros":
        return False
    base = nn.Conv2d if isinstance(layer, nn.Conv2d) else nn.ConvTranspose2d
    names = ("forward", "_conv_forward")
    return all(getattr(type(layer), name, None) is getattr(base, name, None) and name not in vars(layer) for name in names)


def _forward(layer: nn.Conv2d | nn.ConvTranspose2d, x: Tensor, output_size: list[int] | None = None) -> Tensor:
    """``forward`` of either class."""
    if output_size is None and _differentiable(x):
        geometry = Geometry(layer.stride, layer.padding, layer.dilation, layer.transposed, layer.output_padding, layer.groups)  # type: ignore[arg-type]
        return convolve(x, layer.weight, layer.bias, geometry)
    if isinstance(layer, nn.ConvTranspose2d):
        return nn.ConvTranspose2d.forward(layer, x, output_size)
    return nn.Conv2d.forward(layer, x)


def _differentiable(x: Tensor) -> bool:
    """Whether the functions below apply: a batch, reverse-mode gradients on, and none of torch's function transforms at work."""
    if not torch.is_grad_enabled() or x.dim() != 4 or not x.is_floating_point():
        return False
    transformed = torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0  # type: ignore[attr-defined]
    return not transformed and not torch.jit.is_tracing()  # type: ignore[no-untyped-call]


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    """The convolution of a batch (N, C, H, W), in the precision of autocast where that is on."""
    if torch.is_autocast_enabled(x.device.type):
        cast = partial(_cast, dtype=torch.get_autocast_dtype(x.device.type))
        x, weight, bias = cast(x), cast(weight), None if bias is None else cast(bias)
    y: Tensor = Output.apply(x, weight, bias, geometry)
    return y


def _cast(value: Tensor, dtype: torch.dtype) -> Tensor:
    return value if value.dtype == torch.float64 else value.to(dtype)  # autocast leaves float64 alone, too


class Output(Function):
    """Y(x, w) + bias."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
        """Convolve."""
        ctx.save_for_backward(x, weight)
        ctx.geometry = geometry
        return _output(x, weight, bias, geometry)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """X, W and the sum over places."""
        (g,), (x, weight), needed = gradients, ctx.saved_tensors, _needed(ctx, 3)
        if not torch.is_grad_enabled():
            return *_gradients(g, x, weight, ctx.geometry, needed), None
        return (
            GradientBy.apply(g, x.detach(), weight, ctx.geometry, 0) if needed[0] else None,
            GradientBy.apply(g, x, weight.detach(), ctx.geometry, 1) if needed[1] else None,
            g.sum((0, 2, 3)) if needed[2] else None,
            None,
        )


class GradientBy(Function):
    """X(g, w) or W(g, x): the gradient by the input (0) or the weight (1), of which shape and order are all that counts here."""

    @staticmethod
    def forward(ctx: Any, g: Tensor, x: Tensor, weight: Tensor, geometry: Geometry, by: int) -> Tensor | None:
        """The gradient where the output has the gradient ``g``."""
        ctx.save_for_backward(g, weight if by == 0 else x)
        ctx.geometry, ctx.by = geometry, by
        return _gradients(g, x, weight, geometry, [by == 0, by == 1, False])[by]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Y, and the other one of X and W."""
        (own,), (g, kept), needed, other = gradients, ctx.saved_tensors, _needed(ctx, 3), 1 - ctx.by
        x, weight = (own, kept) if ctx.by == 0 else (kept, own)
        found: list[Tensor | None] = [None] * 5
        if needed[0]:
            found[0] = Output.apply(x, weight, None, ctx.geometry)
        if needed[1 + other]:
            x, weight = (x, weight.detach()) if ctx.by == 0 else (x.detach(), weight)
            found[1 + other] = GradientBy.apply(g, x, weight, ctx.geometry, other)
        return tuple(found)


def _output(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    """Convolve in the precision that the tensors have: a backward within autocast would be cast otherwise."""
    if torch.is_autocast_enabled(x.device.type):
        with torch.autocast(x.device.type, enabled=False):
            return torch.convolution(x, weight, bias, *geometry)
    return torch.convolution(x, weight, bias, *geometry)


_backward: Callable[..., tuple[Tensor | None, Tensor | None, Tensor | None]] = torch.ops.aten.convolution_backward.default


def _gradients(g: Tensor, x: Tensor, weight: Tensor, geometry: Geometry, needed: list[bool]) -> tuple[Tensor | None, ...]:
    """Those of the gradients of input, weight and bias that are needed, by torch's kernel for them."""
    return _backward(g, x, weight, [g.shape[1]], *geometry, needed)


def _needed(ctx: Any, count: int) -> list[bool]:
    """Which of the first ``count`` inputs' gradients this backward pass asks for.

    ``ctx.needs_input_grad`` says what could be asked for: with it, a penalty's first backward, which wants gradients of the
    samples alone, would compute those of all weights.
    """
    nodes = [node for node, _ in ctx.next_functions]  # those of tensors alone
    return [needs and _runs(nodes[i]) for i, needs in enumerate(ctx.needs_input_grad[:count])]


def _runs(node: Any) -> bool:
    try:
        return bool(torch._C._will_engine_execute_node(node))
    except RuntimeError:  # a leaf that torch.autograd.grad was asked for
        return True
