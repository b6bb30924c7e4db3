"""The critic of patches (PatchGAN): a raw score for each of many overlapping patches of an image.

``layers`` convolutions of stride 2, then two of stride 1, all with kernels of 4 x 4. A score sees 16, 34, 70, 142 pixels for
1, 2, 3, 4 layers of stride 2:

    256 pixels, width 64, 3 layers:  64 x 128 x 128 -> 128 x 64 x 64 -> 256 x 32 x 32 -> 512 x 31 x 31 -> score 30 x 30

Isola et al., 2017, arXiv:1611.07004; in the form of junyanz/pytorch-CycleGAN-and-pix2pix.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, TypeAlias

import torch
from annotated_types import Ge, Le
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, PositiveInt, Scores, UserError

Norm: TypeAlias = Literal["batch", "instance", "none"]
Layers: TypeAlias = Annotated[int, Ge(1), Le(6)]
PAPER = "Isola et al., 2017, arXiv:1611.07004"
WIDEST = 8
"""Channels stop doubling at this many times the width."""
INIT_STD = 0.02


class PatchCritic(Critic):
    """Raw scores of the patches of "sample" (N, C, H, W): "score" (N, h, w).

    Args:
        width: channels of the first layer; each further one has twice as many, up to eight times.
        layers: convolutions of stride 2; 3: each score sees 70 x 70 pixels.
        norm: after each convolution but the first and the last. batch; instance: each channel of each image by itself; none.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64, layers: Layers = 3, norm: Norm = "batch") -> None:
        super().__init__()
        self.norm, self.mixes_batch = norm, norm == "batch"
        self.net = patch_network("patchgan", data.shape, width=width, layers=layers, norm=norm)

    def forward(self, sample: Tensor) -> Scores:
        """Judge images (N, C, H, W) in [-1, 1]: raw "score" (N, h, w)."""
        return {"score": self.net(sample)}


class PairedPatchCritic(Critic):
    """The same of "source" and "sample" one upon the other, so that it sees whether they belong together.

    Args:
        width: channels of the first layer; each further one has twice as many, up to eight times.
        layers: convolutions of stride 2; 3: each score sees 70 x 70 pixels.
        norm: after each convolution but the first and the last. batch; instance: each channel of each image by itself; none.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64, layers: Layers = 3, norm: Norm = "batch") -> None:
        super().__init__()
        source = same_size("critic patchgan_pair", data)
        self.norm, self.mixes_batch = norm, norm == "batch"
        shape = (source[0] + data.shape[0], *data.shape[1:])
        self.net = patch_network("patchgan_pair", shape, width=width, layers=layers, norm=norm)

    def forward(self, source: Tensor, sample: Tensor) -> Scores:
        """Judge pairs (N, C, H, W) in [-1, 1]: raw "score" (N, h, w)."""
        return {"score": self.net(torch.cat([source, sample], dim=1))}


def patch_network(name: str, shape: tuple[int, ...], *, width: int, layers: int, norm: Norm) -> nn.Sequential:
    """The network from images of ``shape`` (C, H, W) to scores (N, h, w), its weights drawn.

    Raises:
        UserError: where such data are not images, or so small that no patch remains; ``name`` is the critic's.
    """
    smallest = 3 * 2**layers  # the two last convolutions take a pixel each
    if len(shape) != 3 or min(shape[1:]) < smallest:
        what = f"critic {name} with {layers} layers of stride 2 wants images of {smallest} pixels or more; here a sample is {shape}"
        raise UserError(what, "take fewer layers, or larger images")
    widths = [width * min(2**i, WIDEST) for i in range(layers + 1)]
    net: list[nn.Module] = [nn.Conv2d(shape[0], widths[0], 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
    for i, (before, after) in enumerate(pairwise(widths), 2):
        stride = 2 if i <= layers else 1
        net += [nn.Conv2d(before, after, 4, stride, 1, bias=norm != "batch"), *normalisation(norm, after), nn.LeakyReLU(0.2, inplace=True)]
    net += [nn.Conv2d(widths[-1], 1, 4, 1, 1), nn.Flatten(1, 2)]  # (N, 1, h, w) -> (N, h, w)
    made = nn.Sequential(*net)
    initialise_(made)
    return made


def same_size(who: str, data: DataSpec) -> tuple[int, ...]:
    """The shape of "source", which must have the rows and columns of "sample".

    Raises:
        UserError: where it has not; ``who`` asks.
    """
    source = data.fields.get("source", ())
    if not data.is_image or len(source) != 3 or source[1:] != data.shape[1:]:
        has = f"'source' of {source} and 'sample' of {data.shape}" if source else f"no 'source', only {', '.join(data.fields)}"
        raise UserError(f"{who} wants source and sample of one size; this data has {has}", "choose data of pairs, such as 'paired'")
    return source


def normalisation(norm: Norm, channels: int) -> list[nn.Module]:
    """The layer that normalises ``channels`` channels; none for "none"."""
    if norm == "batch":
        return [nn.BatchNorm2d(channels)]
    return [nn.InstanceNorm2d(channels)] if norm == "instance" else []


def initialise_(network: nn.Module) -> None:
    """Weights N(0, 0.02), gains N(1, 0.02), biases 0, as in the authors' code."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, 0.0, INIT_STD)
        elif isinstance(module, (nn.BatchNorm2d, nn.InstanceNorm2d)) and module.weight is not None:
            nn.init.normal_(module.weight, 1.0, INIT_STD)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
