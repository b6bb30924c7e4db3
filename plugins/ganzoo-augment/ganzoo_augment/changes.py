"""Random changes of images (N, C, H, W) in [-1, 1], each image by itself; differentiable as often as one likes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad


def uniform(images: Tensor, low: float, high: float) -> Tensor:
    """A number in [low, high) for each image, (N, 1, 1, 1)."""
    return torch.rand(len(images), 1, 1, 1, device=images.device, dtype=images.dtype) * (high - low) + low


def brighten(images: Tensor) -> Tensor:
    """Up to 0.5 added, or taken away."""
    return images + uniform(images, -0.5, 0.5)


def saturate(images: Tensor) -> Tensor:
    """Distances from the mean of a pixel's channels times 0 to 2."""
    grey = images.mean(dim=1, keepdim=True)
    return (images - grey) * uniform(images, 0.0, 2.0) + grey


def contrast(images: Tensor) -> Tensor:
    """Distances from the image's mean times 0.5 to 1.5."""
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return (images - mean) * uniform(images, 0.5, 1.5) + mean


def shift(images: Tensor, ratio: float) -> Tensor:
    """Moved by up to ``ratio`` of a side, in whole pixels, either way on both axes; zeros come in."""
    n, _, height, width = images.shape
    most = [round(side * ratio) for side in (height, width)]
    rows, columns = (
        torch.arange(side, device=images.device) + torch.randint(2 * reach + 1, (n, 1), device=images.device)
        for side, reach in zip((height, width), most, strict=True)
    )
    padded = pad(images, (most[1], most[1], most[0], most[0]))
    return taken(padded, rows[:, :, None].expand(n, height, width), columns[:, None, :].expand(n, height, width))


def cut_out(images: Tensor, ratio: float) -> Tensor:
    """A rectangle of ``ratio`` of each side becomes 0; its centre is anywhere, so that part of it may lie outside."""
    inside = torch.ones((), dtype=torch.bool, device=images.device)
    for axis, side in ((2, images.shape[2]), (3, images.shape[3])):
        size = round(side * ratio)
        centre = torch.randint(side + (1 - size % 2), (len(images), 1), device=images.device)
        position = torch.arange(side, device=images.device)
        within = (position >= centre - size // 2) & (position < centre - size // 2 + size)
        inside = inside & (within[:, None, :, None] if axis == 2 else within[:, None, None, :])
    return images * ~inside


def warp(images: Tensor, matrices: Tensor) -> Tensor:
    """Each image seen through an affine map, bilinear, with its border mirrored.

    Args:
        images: (N, C, H, W).
        matrices: (N, 2, 3), from places in the result to places in the image, both in [-1, 1] along each axis, x before y.
    """
    height, width = images.shape[2:]
    y, x = ((torch.arange(side, device=images.device, dtype=matrices.dtype) * 2 + 1) / side - 1 for side in (height, width))
    places = torch.stack([x.expand(height, width), y[:, None].expand(height, width), torch.ones_like(x).expand(height, width)])
    column, row = (matrices @ places.flatten(1)).view(-1, 2, height, width).unbind(1)
    column, row = mirrored((column + 1) * width / 2 - 0.5, width), mirrored((row + 1) * height / 2 - 0.5, height)
    left, top = column.floor(), row.floor()
    right_share, low_share = (column - left)[:, None].to(images.dtype), (row - top)[:, None].to(images.dtype)
    columns = left.long().clamp(0, width - 1), (left.long() + 1).clamp(0, width - 1)
    rows = top.long().clamp(0, height - 1), (top.long() + 1).clamp(0, height - 1)
    upper, lower = (taken(images, r, columns[0]) * (1 - right_share) + taken(images, r, columns[1]) * right_share for r in rows)
    return upper * (1 - low_share) + lower * low_share


def mirrored(places: Tensor, side: int) -> Tensor:
    """Places along an axis of ``side`` pixels, reflected at its ends as often as it takes."""
    period = 2 * side
    folded = (places + 0.5).remainder(period)
    return torch.where(folded >= side, period - folded, folded) - 0.5


def taken(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The pixels (N, C, H', W') at ``rows`` and ``columns``, each (N, H', W'); their gradient can be differentiated again."""
    n, channels = images.shape[:2]
    index = (rows * images.shape[3] + columns).flatten(1)[:, None].expand(n, channels, -1)
    return images.flatten(2).gather(2, index).view(n, channels, *rows.shape[1:])
