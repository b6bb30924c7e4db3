"""How thick the strokes of digits are.

Legend: N digits, H x W pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

MEDIAN = 2.4
"""The thickness that half of the bundled digits have, in pixels."""


def is_thick(digits: Tensor) -> Tensor:
    """Whether digits (N, 1, H, W), uint8, are thicker than half of the bundled ones: (N,) bool."""
    return thickness(digits[:, 0]) > MEDIAN


def thickness(ink: Tensor) -> Tensor:
    """In pixels (N,), of digits (N, H, W) that are 0 where there is no ink.

    Twice the ink over the total variation: the area of a stroke over half of its outline, whatever its grey is.
    """
    padded = pad(ink.double(), (1, 1, 1, 1))
    down, right = padded.diff(dim=1)[:, :, :-1], padded.diff(dim=2)[:, :-1]
    return 2 * padded.sum(dim=(1, 2)) / torch.hypot(down, right).sum(dim=(1, 2)).clamp(min=1e-9)
