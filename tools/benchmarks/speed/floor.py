"""What this machine could do at best: one large convolution and one large matrix product, forwards and backwards."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import torch
from torch import Tensor

from .child import clock_of


def rates(device: torch.device, way: str, quick: bool = False) -> dict[str, float]:
    """FLOP a second of a convolution and of a matrix product in one way of computing.

    The shapes are those of the widest layers of DCGAN at 64 pixels, batch 64, in channels-last order.
    """
    dtype = torch.bfloat16 if way == "bf16" else torch.float32
    side = 4 if quick else 16
    image = torch.randn(64, 128, side, side, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last).requires_grad_()
    kernel = torch.randn(256, 128, 4, 4, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last).requires_grad_()
    left = torch.randn(256 if quick else 1024, 1024, device=device, dtype=dtype, requires_grad=True)
    right = torch.randn(1024, 1024, device=device, dtype=dtype, requires_grad=True)
    convolution = rate(lambda: torch.nn.functional.conv2d(image, kernel, stride=2, padding=1), (image, kernel), device)
    product = rate(lambda: left @ right, (left, right), device)
    multiplications = 64 * (side // 2) ** 2 * 256 * 128 * 16
    return {"conv": 6 * multiplications / convolution, "matmul": 6 * len(left) * 1024 * 1024 / product}


def rate(compute: Callable[[], Tensor], inputs: tuple[Tensor, ...], device: torch.device, repeats: int = 9) -> float:
    """Median seconds of ``compute`` with its gradient."""
    clock = clock_of(device)
    gradient = torch.randn_like(compute())
    taken = []
    for _ in range(repeats + 2):
        started = clock()
        torch.autograd.grad(compute(), inputs, gradient)
        taken.append(clock() - started)
    return statistics.median(taken[2:])
