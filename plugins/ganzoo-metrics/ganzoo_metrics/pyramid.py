"""The Laplacian pyramid: an image as the details of each scale, from the finest to the coarsest.

A level is what the next coarser one, brought back to its size, lacks; the last level is the coarsest image itself. Adding up
from there gives the image back.

Legend of shapes: N images, C channels, H rows, W columns.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SMALLEST = 16
"""Pixels that the shorter side of a level has at least."""
_BINOMIAL = (1.0, 4.0, 6.0, 4.0, 1.0)


def level_sizes(rows: int, columns: int) -> list[tuple[int, int]]:
    """(rows, columns) of each level, the finest first: halved, an odd side rounded up, while both sides keep ``SMALLEST`` pixels.

    64 gives 64, 32 and 16; 28 gives 28 alone, as 14 is too small; 50 gives 50 and 25. Images below ``SMALLEST`` have no level.
    """
    sizes = []
    while min(rows, columns) >= SMALLEST:
        sizes.append((rows, columns))
        rows, columns = (rows + 1) // 2, (columns + 1) // 2
    return sizes


def laplacian_pyramid(images: Tensor, levels: int) -> list[Tensor]:
    """The levels of each image, the finest first.

    Source: Burt and Adelson 1983, "The Laplacian pyramid as a compact image code", with the binomial filter of 5 x 5 pixels.

    Args:
        images: (N, C, H, W) of a floating type.
        levels: how many; 1 is the images themselves.

    Returns:
        (N, C, H, W), (N, C, H/2, W/2) and so on, an odd side rounded up.
    """
    pyramid = []
    for _ in range(levels - 1):
        smaller = halve(images)
        pyramid.append(images - enlarge(smaller, images.shape[2], images.shape[3]))
        images = smaller
    return [*pyramid, images]


def halve(images: Tensor) -> Tensor:
    """Every second row and column of the blurred images: (N, C, H, W) to (N, C, H/2, W/2), an odd side rounded up."""
    return _blur(images, stride=2)


def enlarge(images: Tensor, rows: int, columns: int) -> Tensor:
    """The other way, without the details that are lost: to (N, C, rows, columns), of which ``halve`` gives the images' size."""
    spread = images.new_zeros(*images.shape[:2], rows, columns)
    spread[:, :, ::2, ::2] = images
    return _blur(spread, gain=4)  # three of four pixels are 0


def _blur(images: Tensor, *, stride: int = 1, gain: float = 1) -> Tensor:
    """The binomial filter; borders are mirrored about the outermost pixels."""
    channels = images.shape[1]
    line = torch.tensor(_BINOMIAL, dtype=images.dtype, device=images.device) / 16
    kernel = (gain * torch.outer(line, line)).expand(channels, 1, 5, 5)
    return functional.conv2d(functional.pad(images, (2, 2, 2, 2), mode="reflect"), kernel, stride=stride, groups=channels)
