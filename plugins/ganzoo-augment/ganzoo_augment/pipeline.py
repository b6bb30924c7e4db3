"""The paper's pipeline "bgc": pixel blitting, geometric and colour changes (Karras et al., 2020, arXiv:2006.06676)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .changes import warp


def changed(images: Tensor, p: Tensor, flip: bool) -> Tensor:
    """``images`` (N, C, H, W), each through changes that happen with the probability ``p`` (scalar), each kind by itself.

    Args:
        images: in [-1, 1].
        p: scalar.
        flip: whether they may be mirrored, and turned by quarters where they are square.
    """
    return _coloured(warp(images, maps(images, p, flip)), p)


def maps(images: Tensor, p: Tensor, flip: bool) -> Tensor:
    """(N, 2, 3): mirrored, turned by quarters, moved by whole pixels; scaled, turned, stretched, turned, moved."""
    n, device = len(images), images.device
    height, width = images.shape[2:]
    # A turn happens before and after the stretching: together with the probability p.
    apart = 1 - (1 - p).clamp(min=0).sqrt()
    zero, one = torch.zeros(n, device=device), torch.ones(n, device=device)
    chosen = _chosen

    def matrix(a: Tensor, b: Tensor, c: Tensor, d: Tensor, x: Tensor = zero, y: Tensor = zero) -> Tensor:
        rows = [torch.stack(row, dim=1) for row in ((a, b, x), (c, d, y), (zero, zero, one))]
        return torch.stack(rows, dim=1)

    def rotation(angle: Tensor) -> Tensor:
        aspect = height / width
        return matrix(angle.cos(), -angle.sin() * aspect, angle.sin() / aspect, angle.cos())

    def within(size: float) -> Tensor:
        return (torch.rand(n, device=device) * 2 - 1) * size

    found = matrix(one, zero, zero, one)
    if flip:
        found = found @ matrix(1 - 2 * chosen(torch.randint(2, (n,), device=device).float(), p), zero, zero, one)
    if flip and height == width:
        found = found @ rotation(chosen(torch.randint(4, (n,), device=device) * (math.pi / 2), p))
    moved = [(chosen(within(1 / 8), p) * side).round() * 2 / side for side in (width, height)]
    found = found @ matrix(one, zero, zero, one, *moved)
    scale = torch.exp2(chosen(torch.randn(n, device=device) * 0.2, p))
    found = found @ matrix(scale, zero, zero, scale)
    found = found @ rotation(chosen(within(math.pi), apart))
    stretch = torch.exp2(chosen(torch.randn(n, device=device) * 0.2, p))
    found = found @ matrix(stretch, zero, zero, 1 / stretch)
    found = found @ rotation(chosen(within(math.pi), apart))
    shifts = [chosen(torch.randn(n, device=device) * 0.125, p) * 2 for _ in range(2)]
    return (found @ matrix(one, zero, zero, one, *shifts))[:, :2]


def _coloured(images: Tensor, p: Tensor) -> Tensor:
    """Brightness, contrast, and of three channels a mirrored luma, a turned hue and another saturation."""
    n, device = len(images), images.device

    def drawn(std: float) -> Tensor:
        return _chosen(torch.randn(n, device=device) * std, p)[:, None, None, None].type_as(images)

    images = (images + drawn(0.2)) * torch.exp2(drawn(0.5))
    if images.shape[1] != 3:
        return images
    axis = torch.full((3,), 3**-0.5, device=device, dtype=images.dtype)
    grey, eye = torch.outer(axis, axis), torch.eye(3, device=device, dtype=images.dtype)
    flips = _chosen(torch.randint(2, (n,), device=device).float(), p)[:, None, None]
    angles = _chosen((torch.rand(n, device=device) * 2 - 1) * math.pi, p)[:, None, None]
    cross = torch.linalg.cross(axis.expand(3, 3), eye, dim=1).T
    hue = grey + angles.cos() * (eye - grey) + angles.sin() * cross  # Rodrigues: a rotation about the grey axis
    saturation = torch.exp2(drawn(1.0))[..., 0]
    mixing: Tensor = (grey + saturation * (eye - grey)) @ hue.type_as(images) @ (eye - 2 * flips.type_as(images) * grey)
    return (mixing @ images.flatten(2)).view_as(images)


def _chosen(values: Tensor, p: Tensor) -> Tensor:
    """``values`` (N,), each with the probability ``p`` and 0 otherwise."""
    return torch.where(torch.rand_like(values) < p, values, torch.zeros_like(values))
