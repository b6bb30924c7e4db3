"""Modulated convolutions, StyleGAN2's layers (Karras et al., 2020, arXiv:1912.04958; sizes as in NVlabs/stylegan2).

A style s scales the input channels of a convolution's weight w, and demodulation brings each output channel back to unit norm:

    w'_oik = s_i w_oik,    w''_oik = w'_oik / sqrt(sum over i, k of w'_oik^2 + 1e-8)

The weight of each sample is never made: scaling the input by s and the output by the root is the same.
"""

from __future__ import annotations

import math

import torch
from ganzoo_layers.activation import ScaledLeakyReLU
from ganzoo_layers.blur import Blur
from ganzoo_layers.equal import equalised
from torch import Tensor, nn
from torch.nn import functional


class ModulatedConv2d(nn.Module):
    """(N, before, H, W) and style (N, S) -> (N, after, H, W), or (N, after, 2H, 2W).

    Args:
        before, after: channels of the input and of the output.
        kernel: side of the kernel.
        style_dim: length S of the style vector.
        up: whether the side is doubled: a transposed convolution, then the filter (1, 3, 3, 1).
        demodulate: whether output channels are brought to unit norm.
    """

    def __init__(self, before: int, after: int, kernel: int, style_dim: int, *, up: bool = False, demodulate: bool = True) -> None:
        super().__init__()
        self.style = equalised(nn.Linear(style_dim, before), start=1.0)
        self.weight = nn.Parameter(torch.randn(after, before, kernel, kernel))
        self.scale, self.demodulate = 1 / math.sqrt(before * kernel * kernel), demodulate
        self.blur = Blur(pad=1) if up else None

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Convolve (N, before, H, W), each sample by its own style."""
        style, weight = self.style(w), self.weight * self.scale
        y = x * style[:, :, None, None]
        if self.blur is None:
            y = functional.conv2d(y, weight, padding=weight.shape[-1] // 2)
        else:
            y = 4 * self.blur(functional.conv_transpose2d(y, weight.transpose(0, 1), stride=2))
        out: Tensor = y * self._norms(style, weight)[:, :, None, None].to(y.dtype) if self.demodulate else y
        return out

    def _norms(self, style: Tensor, weight: Tensor) -> Tensor:
        """1 / norm of each output channel's modulated weight, (N, after)."""
        squares: Tensor = style.square() @ weight.square().sum(dim=(2, 3)).T
        return (squares + 1e-8).rsqrt()


class StyledLayer(nn.Module):
    """Modulated 3 x 3 convolution, noise, bias and LeakyReLU: (N, before, H, W) -> (N, after, H', W').

    The noise is drawn anew in training, and always the same in evaluation mode; what it is multiplied by is learned and starts at 0.

    Args:
        before, after: channels of the input and of the output.
        style_dim: length S of the style vector.
        size: height and width of the output.
        up: whether the side is doubled.
    """

    noise: Tensor

    def __init__(self, before: int, after: int, style_dim: int, size: tuple[int, int], *, up: bool) -> None:
        super().__init__()
        self.convolution = ModulatedConv2d(before, after, 3, style_dim, up=up)
        self.strength, self.bias = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(after))
        self.register_buffer("noise", torch.randn(size))
        self.act = ScaledLeakyReLU()

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Map (N, before, H, W) to (N, after, H', W')."""
        y: Tensor = self.convolution(x, w)
        noise = torch.randn_like(y[:, :1]) if self.training else self.noise.to(y.dtype)
        out: Tensor = self.act(y + noise * self.strength + self.bias[:, None, None])
        return out


class ToImage(nn.Module):
    """Modulated 1 x 1 convolution to the image's channels, without demodulation, and bias: (N, before, H, W) -> (N, C, H, W).

    Args:
        before, channels: of the input and of the image.
        style_dim: length S of the style vector.
    """

    def __init__(self, before: int, channels: int, style_dim: int) -> None:
        super().__init__()
        self.convolution = ModulatedConv2d(before, channels, 1, style_dim, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Map (N, before, H, W) to (N, C, H, W)."""
        out: Tensor = self.convolution(x, w) + self.bias[:, None, None]
        return out
