"""SRResNet, the generator of SRGAN (Ledig et al., 2017, arXiv:1609.04802).

Legend: N samples, C channels, H x W pixels of the small picture, r the factor of the edges.
"""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn.functional import interpolate

from ganzoo import DataSpec, Fields, Generator, PositiveInt, UserError


class SRResNet(Generator):
    """From "source" (N, C, H, W) to "sample" (N, C, rH, rW), both in [-1, 1]: residual blocks, then sub-pixel convolutions.

    The factor r is that of the data, a power of 2. Pictures of any size can be enlarged.

    Args:
        width: channels of all blocks.
        blocks: number of residual blocks.
        residual: add what is made to the bicubic interpolation of "source", where the paper makes the whole picture.
    """

    paper = "Ledig et al., 2017, arXiv:1609.04802"

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64, blocks: PositiveInt = 16, residual: bool = False) -> None:
        super().__init__()
        self.factor, self.residual = factor_of(data), residual
        channels = data.fields["source"][0]
        self.head = nn.Sequential(nn.Conv2d(channels, width, 9, padding=4), nn.PReLU())
        self.blocks = nn.Sequential(*(Block(width) for _ in range(blocks)), nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width))
        larger: list[nn.Module] = []
        for _ in range(self.factor.bit_length() - 1):  # each doubles the edges
            larger += [nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.PReLU()]
        self.tail = nn.Sequential(*larger, nn.Conv2d(width, data.shape[0], 9, padding=4))

    def forward(self, source: Tensor) -> Fields:
        """Enlarge pictures.

        Args:
            source: (N, C, H, W) in [-1, 1].

        Returns:
            "sample" (N, C, rH, rW), cut off at -1 and 1 outside training.
        """
        features = self.head(source)
        made = self.tail(features + self.blocks(features))
        if self.residual:
            made = made + interpolate(source, scale_factor=float(self.factor), mode="bicubic")
        return {"sample": made if self.training else made.clamp(-1, 1)}


class Block(nn.Module):
    """Two convolutions beside the identity.

    Args:
        width: channels.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            *(nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.PReLU()),
            *(nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width)),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(N, width, H, W) to the same."""
        out: Tensor = features + self.net(features)
        return out


def factor_of(data: DataSpec) -> int:
    """How many times larger the edges of "sample" are than those of "source".

    Raises:
        UserError: where there is no "source", or the factor is not a power of 2.
    """
    small = data.fields.get("source", ())
    if len(small) != 3 or not data.is_image:
        what = "super-resolution needs images and their low resolution, the field 'source'; this data has " + ", ".join(data.fields)
        raise UserError(what, "take data that gives both: {name: folder, low_resolution: 4}, {name: faces, low_resolution: 4}")
    factor = data.shape[1] // small[1]
    if math.prod(small[1:]) * factor**2 != math.prod(data.shape[1:]) or factor & (factor - 1) or small[0] != data.shape[0]:
        what = f"'source' of shape {small} cannot be doubled to 'sample' of shape {data.shape}"
        raise UserError(what, "choose data.low_resolution: 2, 4 or 8")
    return factor
