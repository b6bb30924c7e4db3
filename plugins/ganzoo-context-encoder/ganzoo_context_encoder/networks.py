"""The networks of context encoders (Pathak et al., 2016, arXiv:1604.07379), for square images of many sizes.

Legend: N samples, C channels, S pixels of the edge. For S = 128 and the default width, as published:

    generator  128 -> 64 x 64, 64 x 32, 128 x 16, 256 x 8, 512 x 4 (channels x edge) -> 4000 x 1 -> 512 x 4 ... 64 x 32 -> patch of 64
    critic     patch of 64 -> 64 x 32, 128 x 16, 256 x 8, 512 x 4 -> raw score
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from ganzoo import Critic, DataSpec, Fields, Generator, PositiveInt, Scores, UserError

PAPER = "Pathak et al., 2016, arXiv:1604.07379"
Region = Literal["centre", "whole"]


class ContextEncoder(Generator):
    """From "source" (N, C, S, S) with a hole and "mask" (N, 1, S, S), 1 in the hole, to "sample" (N, C, S, S): the same, filled.

    Args:
        width: channels of the first convolution, and of the last hidden one.
        bottleneck: channels between encoder and decoder, which see the whole picture.
        region: centre, as published for holes in the middle: the decoder makes their half of the edge; whole: it makes the picture,
            for holes anywhere.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64, bottleneck: PositiveInt = 4000, region: Region = "centre") -> None:
        super().__init__()
        channels, edge = holed_shape(data)
        down = [width, *(width << i for i in range(stages(edge, 4) - 1))]
        self.margin = edge // 4 if region == "centre" else 0
        up = [width << i for i in range(stages(edge - 2 * self.margin, 4))][::-1]
        layers: list[nn.Module] = [nn.Conv2d(channels, down[0], 4, 2, 1), nn.LeakyReLU(0.2)]
        for before, after in pairwise(down):
            layers += [nn.Conv2d(before, after, 4, 2, 1), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
        layers += [nn.Conv2d(down[-1], bottleneck, 4), nn.BatchNorm2d(bottleneck), nn.LeakyReLU(0.2)]
        layers += [nn.ConvTranspose2d(bottleneck, up[0], 4), nn.BatchNorm2d(up[0]), nn.ReLU()]
        for before, after in pairwise(up):
            layers += [nn.ConvTranspose2d(before, after, 4, 2, 1), nn.BatchNorm2d(after), nn.ReLU()]
        self.net = nn.Sequential(*layers, nn.ConvTranspose2d(up[-1], channels, 4, 2, 1), nn.Tanh())
        initialise_(self)

    def forward(self, source: Tensor, mask: Tensor) -> Fields:
        """Fill holes.

        Args:
            source: (N, C, S, S) in [-1, 1].
            mask: (N, 1, S, S), 1 in the hole.

        Returns:
            "sample" (N, C, S, S): made where the mask is 1, and "source" elsewhere.
        """
        made = pad(self.net(source), (self.margin,) * 4)
        return {"sample": torch.where(mask > 0.5, made, source)}


class PatchInHole(Critic):
    """From "sample" (N, C, S, S) in [-1, 1] to one raw "score" (N,), by what is in the middle half alone, or by all of it.

    Args:
        width: channels of the first convolution; each further one has twice as many.
        region: centre: the middle half of the edge, which holes in the middle take; whole: the picture, for holes anywhere.
        norm: after each convolution but the first and the last. batch, as published, makes scores depend on the whole batch; none.
    """

    paper = PAPER

    def __init__(
        self, data: DataSpec, *, width: PositiveInt = 64, region: Region = "centre", norm: Literal["batch", "none"] = "batch"
    ) -> None:
        super().__init__()
        channels, edge = square_shape(data)
        self.margin = edge // 4 if region == "centre" else 0
        widths = [width << i for i in range(stages(edge - 2 * self.margin, 4))]
        self.norm, self.mixes_batch = norm, norm == "batch" and len(widths) > 1
        layers: list[nn.Module] = [nn.Conv2d(channels, widths[0], 4, 2, 1), nn.LeakyReLU(0.2)]
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, 2, 1), *([nn.BatchNorm2d(after)] if norm == "batch" else []), nn.LeakyReLU(0.2)]
        self.net = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4), nn.Flatten(0))
        initialise_(self)

    def forward(self, sample: Tensor) -> Scores:
        """Judge what fills holes.

        Args:
            sample: (N, C, S, S) in [-1, 1].

        Returns:
            Raw "score" (N,).
        """
        end = sample.shape[-1] - self.margin
        return {"score": self.net(sample[:, :, self.margin : end, self.margin : end])}


def stages(edge: int, to: int) -> int:
    """How often ``edge`` is halved until it is ``to``."""
    return (edge // to).bit_length() - 1


def square_shape(data: DataSpec) -> tuple[int, int]:
    """Channels and edge of the images.

    Raises:
        UserError: where they are not squares of 16, 32, 64, 128 or 256 pixels.
    """
    edge = data.shape[-1]
    if not data.is_image or data.shape[1:] != (edge, edge) or edge not in (16, 32, 64, 128, 256):
        what = f"context encoders see square images of 16, 32, 64, 128 or 256 pixels; this data's samples have the shape {data.shape}"
        raise UserError(what, "choose such a size as data.size")
    return data.shape[0], edge


def holed_shape(data: DataSpec) -> tuple[int, int]:
    """``square_shape`` of images that come with a hole.

    Raises:
        UserError: where there are no fields "source" and "mask" as well.
    """
    channels, edge = square_shape(data)
    if data.fields.get("source") != data.shape or data.fields.get("mask") != (1, edge, edge):
        what = "a context encoder needs pictures with a hole, the fields 'source' and 'mask'; this data has " + ", ".join(data.fields)
        raise UserError(what, "take data that gives both: {name: folder, mask: centre}, {name: faces, mask: centre}")
    return channels, edge


def initialise_(network: nn.Module) -> None:
    """As the authors do: weights N(0, 0.02), gains N(1, 0.02), biases 0."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)):
            nn.init.normal_(module.weight, 1.0 if isinstance(module, nn.BatchNorm2d) else 0.0, 0.02)
            assert module.bias is not None
            nn.init.zeros_(module.bias)
