"""Random shifts and reflections of images, as consistency regularisation uses them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad


def shift_and_flip(images: Tensor, shift: int, flip: bool) -> Tensor:
    """Each image (C, H, W) of a batch moved by up to ``shift`` pixels either way, reflected at the border, half of them mirrored."""
    n, channels, height, width = images.shape
    device = images.device
    rows = torch.arange(height, device=device) + torch.randint(2 * shift + 1, (n, 1), device=device)
    columns = torch.arange(width, device=device) + torch.randint(2 * shift + 1, (n, 1), device=device)
    if flip:
        columns = torch.where(torch.rand(n, 1, device=device) < 0.5, columns.flip(1), columns)
    which, channel = torch.arange(n, device=device)[:, None, None, None], torch.arange(channels, device=device)[:, None, None]
    return pad(images, (shift,) * 4, mode="reflect")[which, channel, rows[:, None, :, None], columns[:, None, None, :]]
