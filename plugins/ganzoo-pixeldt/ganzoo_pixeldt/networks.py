"""The networks of PixelDTGAN (Yoo et al., 2016, arXiv:1603.07442): a converter, and two discriminators in one critic.

All are built as DCGAN's, of kernels of 4 x 4 at stride 2 down to 4 x 4 (6 x 6 for 48 pixels, 4 x 8 for 64 x 128). For 64 pixels
and the default width:

    converter       96 x 32 x 32 -> 192 x 16 x 16 -> 384 x 8 x 8 -> 768 x 4 x 4 -> 384 x 8 x 8 -> ... -> image in [-1, 1]
    discriminators  96 x 32 x 32 -> 192 x 16 x 16 -> 384 x 8 x 8 -> 768 x 4 x 4 -> raw score

Widths as in fxia22/PixelDTGAN.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, TypeAlias

import torch
from ganzoo_layers.sizes import halvings
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Fields, Generator, PositiveInt, Scores, UserError

Norm: TypeAlias = Literal["batch", "instance", "none"]
PAPER = "Yoo et al., 2016, arXiv:1603.07442"
INIT_STD = 0.02
BASE = 4
"""The smallest side of the innermost feature map, in pixels; less than twice as many where the image does not come down to it."""


class PixelDTGenerator(Generator):
    """From "source" (N, C, H, W) in [-1, 1] to "sample" of the same size; all passes through the innermost feature map.

    Args:
        width: channels of the layer nearest the image; each one further inwards has twice as many.
        norm: after each layer but the first and the last. batch; instance: each channel of each image by itself; none.
        code: length of a vector that all passes through between the innermost maps, so that every pixel made can follow from every
            pixel given; null: there is none, and a pixel sees its own part of the source.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, width: PositiveInt = 96, norm: Norm = "batch", code: PositiveInt | None = None) -> None:
        super().__init__()
        channels, widths, innermost = plan(data, width, "generator")
        inwards = [*convolutions(channels, widths, norm), *([] if code is None else through(code, (widths[-1], *innermost), norm))]
        outwards: list[nn.Module] = []
        for before, after in pairwise(widths[::-1]):
            transposed = nn.ConvTranspose2d(before, after, 4, 2, 1, bias=norm == "none")
            outwards += [transposed, *normalisation(norm, after), nn.ReLU(inplace=True)]
        self.net = nn.Sequential(*inwards, *outwards, nn.ConvTranspose2d(widths[0], data.shape[0], 4, 2, 1, bias=norm == "none"), nn.Tanh())
        initialise_(self)

    def forward(self, source: Tensor) -> Fields:
        """Take out of images (N, C, H, W) in [-1, 1] what is wanted: "sample" likewise."""
        return {"sample": self.net(source)}


class PixelDTCritic(Critic):
    """Two discriminators: "score" (N,) of "sample" by itself, "association" (N,) of "source" and "sample" together; both raw.

    Args:
        width: channels of the layer nearest the image; each one further inwards has twice as many.
        norm: after each layer but the first and the last. batch; instance: each channel of each image by itself; none.
    """

    paper = PAPER
    gives = frozenset({"score", "association"})

    def __init__(self, data: DataSpec, *, width: PositiveInt = 96, norm: Norm = "batch") -> None:
        super().__init__()
        channels, widths, innermost = plan(data, width, "critic")
        self.norm, self.mixes_batch = norm, norm == "batch" and len(widths) > 1
        self.real = discriminator(data.shape[0], widths, innermost, norm)
        self.associated = discriminator(channels + data.shape[0], widths, innermost, norm)
        initialise_(self)

    def forward(self, source: Tensor, sample: Tensor) -> Scores:
        """Judge images (N, C, H, W) in [-1, 1], alone and with their sources."""
        return {"score": self.real(sample), "association": self.associated(torch.cat([source, sample], dim=1))}


def plan(data: DataSpec, width: int, role: str) -> tuple[int, list[int], tuple[int, int]]:
    """Channels of "source", those of each layer from the image inwards, and rows and columns of the innermost feature map.

    Raises:
        UserError: where there is no source of the sample's size, or it does not halve evenly.
    """
    source = data.fields.get("source", ())
    if len(source) != 3 or not data.is_image or source[1:] != data.shape[1:]:
        has = ", ".join(f"{name} {tuple(shape)}" for name, shape in data.fields.items())
        raise UserError(
            f"{role} pixeldt wants source and sample of one size; this data has {has}", "choose data of pairs, such as 'paired'"
        )
    innermost, layers = halvings(data, f"{role} pixeldt", base=BASE, least=1)
    return source[0], [width * 2**layer for layer in range(layers)], innermost


def convolutions(channels: int, widths: list[int], norm: Norm) -> list[nn.Module]:
    """From an image of ``channels`` down to the innermost feature map; the first layer is not normalised."""
    layers: list[nn.Module] = []
    for before, after in pairwise([channels, *widths]):
        layers.append(nn.Conv2d(before, after, 4, 2, 1, bias=norm == "none"))
        layers += [*(normalisation(norm, after) if len(layers) > 1 else []), nn.LeakyReLU(0.2, inplace=True)]
    return layers


def through(code: int, shape: tuple[int, int, int], norm: Norm) -> list[nn.Module]:
    """From maps of ``shape`` (C, H, W) to a code, and back to such maps."""
    values = torch.Size(shape).numel()
    back = nn.Linear(code, values, bias=norm == "none")
    return [
        nn.Flatten(),
        nn.Linear(values, code),
        nn.LeakyReLU(0.2),
        back,
        nn.Unflatten(1, shape),
        *normalisation(norm, shape[0]),
        nn.ReLU(),
    ]


def discriminator(channels: int, widths: list[int], innermost: tuple[int, int], norm: Norm) -> nn.Sequential:
    """From an image of ``channels`` to a raw score (N,), which sees the whole innermost feature map."""
    return nn.Sequential(*convolutions(channels, widths, norm), nn.Conv2d(widths[-1], 1, innermost, bias=norm == "none"), nn.Flatten(0))


def normalisation(norm: Norm, channels: int) -> list[nn.Module]:
    """The layer that normalises ``channels`` channels; none for "none"."""
    if norm == "batch":
        return [nn.BatchNorm2d(channels)]
    return [nn.InstanceNorm2d(channels, affine=True)] if norm == "instance" else []


def initialise_(network: nn.Module) -> None:
    """Weights N(0, 0.02), gains N(1, 0.02), biases 0."""
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, 0.0, INIT_STD)
        elif isinstance(module, (nn.BatchNorm2d, nn.InstanceNorm2d)):
            nn.init.normal_(module.weight, 1.0, INIT_STD)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
