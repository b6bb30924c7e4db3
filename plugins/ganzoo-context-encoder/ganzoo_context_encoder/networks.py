"""The networks of context encoders (Pathak et al., 2016, arXiv:1604.07379), for images of every size that halves evenly.

Legend: N samples, C channels, H rows, W columns. For 128 x 128 and the default width, as published:

    generator  128 -> 64 x 64, 64 x 32, 128 x 16, 256 x 8, 512 x 4 (channels x edge) -> 4000 x 1 -> 512 x 4 ... 64 x 32 -> patch of 64
    critic     patch of 64 -> 64 x 32, 128 x 16, 256 x 8, 512 x 4 -> raw score
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from ganzoo_layers.sizes import halvings
from torch import Tensor, nn
from torch.nn.functional import pad

from ganzoo import Critic, DataSpec, Fields, Generator, PositiveInt, Scores, UserError

PAPER = "Pathak et al., 2016, arXiv:1604.07379"
WHO = "a context encoder"
Region = Literal["centre", "whole"]


class ContextEncoder(Generator):
    """From "source" (N, C, H, W) with a hole and "mask" (N, 1, H, W), 1 in the hole, to "sample" (N, C, H, W): the same, filled.

    Args:
        width: channels of the first convolution, and of the last hidden one.
        bottleneck: channels between encoder and decoder, which see the whole picture.
        region: centre, as published for holes in the middle: the decoder makes their half of the edge; whole: it makes the picture,
            for holes anywhere; null: what the data's holes need.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64, bottleneck: PositiveInt = 4000, region: Region | None = None) -> None:
        super().__init__()
        refuse_whole(data)
        region = region_of(data, region)
        channels, (base, times) = data.shape[0], halvings(data, WHO)
        down = [width, *(width << i for i in range(times - 1))]
        self.margins = margins(data, region)
        up = [width << i for i in range(times - (region == "centre"))][::-1]
        layers: list[nn.Module] = [nn.Conv2d(channels, down[0], 4, 2, 1), nn.LeakyReLU(0.2)]
        for before, after in pairwise(down):
            layers += [nn.Conv2d(before, after, 4, 2, 1), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
        layers += [nn.Conv2d(down[-1], bottleneck, base), nn.BatchNorm2d(bottleneck), nn.LeakyReLU(0.2)]
        layers += [nn.ConvTranspose2d(bottleneck, up[0], base), nn.BatchNorm2d(up[0]), nn.ReLU()]
        for before, after in pairwise(up):
            layers += [nn.ConvTranspose2d(before, after, 4, 2, 1), nn.BatchNorm2d(after), nn.ReLU()]
        self.net = nn.Sequential(*layers, nn.ConvTranspose2d(up[-1], channels, 4, 2, 1), nn.Tanh())
        initialise_(self)

    def forward(self, source: Tensor, mask: Tensor) -> Fields:
        """Fill holes.

        Args:
            source: (N, C, H, W) in [-1, 1].
            mask: (N, 1, H, W), 1 in the hole, which lies within the region; outside of it nothing is made, and a hole comes out grey.

        Returns:
            "sample" (N, C, H, W): made where the mask is 1, and "source" elsewhere.
        """
        top, left = self.margins
        made = pad(self.net(source), (left, left, top, top))
        return {"sample": torch.where(mask > 0.5, made, source)}


class PatchInHole(Critic):
    """From "sample" (N, C, H, W) in [-1, 1] to one raw "score" (N,), by what is in the middle half alone, or by all of it.

    Args:
        width: channels of the first convolution; each further one has twice as many.
        region: centre: the middle half of the edge, which holes in the middle take; whole: the picture, for holes anywhere; null: what
            the data's holes need.
        norm: after each convolution but the first and the last. batch, as published, makes scores depend on the whole batch; none.
    """

    paper = PAPER

    def __init__(
        self, data: DataSpec, *, width: PositiveInt = 64, region: Region | None = None, norm: Literal["batch", "none"] = "batch"
    ) -> None:
        super().__init__()
        region = region_of(data, region)
        channels, (base, times) = data.shape[0], halvings(data, WHO)
        self.margins = margins(data, region)
        widths = [width << i for i in range(times - (region == "centre"))]
        self.norm, self.mixes_batch = norm, norm == "batch" and len(widths) > 1
        layers: list[nn.Module] = [nn.Conv2d(channels, widths[0], 4, 2, 1), nn.LeakyReLU(0.2)]
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, 2, 1), *([nn.BatchNorm2d(after)] if norm == "batch" else []), nn.LeakyReLU(0.2)]
        self.net = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, base), nn.Flatten(0))
        initialise_(self)

    def forward(self, sample: Tensor) -> Scores:
        """Judge what fills holes.

        Args:
            sample: (N, C, H, W) in [-1, 1].

        Returns:
            Raw "score" (N,).
        """
        (top, left), (rows, columns) = self.margins, sample.shape[-2:]
        return {"score": self.net(sample[:, :, top : rows - top, left : columns - left])}


def margins(data: DataSpec, region: Region) -> tuple[int, int]:
    """Rows above and columns left of the region, which is half as high and half as wide as the image, or all of it."""
    return (data.shape[1] // 4, data.shape[2] // 4) if region == "centre" else (0, 0)


def region_of(data: DataSpec, region: Region | None) -> Region:
    """The region, chosen by the data where it is None: the whole where holes are anywhere, which the field "hole_anywhere" says.

    Raises:
        UserError: where the centre is asked for, and holes may lie outside of it.
    """
    if region == "centre" and "hole_anywhere" in data.fields:
        what = "the region 'centre' is the middle of the picture, and this data has holes anywhere (its field 'hole_anywhere')"
        raise UserError(what, "choose whole, or leave it out; or set data.mask: centre", key="region")
    return region or ("whole" if "hole_anywhere" in data.fields else "centre")


def refuse_whole(data: DataSpec) -> None:
    """Raise a UserError where there are no fields "source" and "mask" of the images' size."""
    if data.fields.get("source") != data.shape or data.fields.get("mask") != (1, *data.shape[1:]):
        what = "a context encoder needs pictures with a hole, the fields 'source' and 'mask'; this data has " + ", ".join(data.fields)
        raise UserError(what, "take data that gives both: {name: folder, mask: centre}, {name: faces, mask: centre}")


def initialise_(network: nn.Module) -> None:
    """As the authors do: weights N(0, 0.02), gains N(1, 0.02), biases 0."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)):
            nn.init.normal_(module.weight, 1.0 if isinstance(module, nn.BatchNorm2d) else 0.0, 0.02)
            assert module.bias is not None
            nn.init.zeros_(module.bias)
