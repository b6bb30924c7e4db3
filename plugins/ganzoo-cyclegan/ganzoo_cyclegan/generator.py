"""CycleGAN's generators: one a direction, each of residual blocks at a quarter of the size.

    256 pixels, width 64, 9 blocks:
    7x7, 64 x 256 x 256 -> 3x3, 128 x 128 x 128 -> 3x3, 256 x 64 x 64 -> 9 blocks -> 128 x 128 x 128 -> 64 x 256 x 256 -> 7x7, image

Zhu et al., 2017, arXiv:1703.10593, after Johnson et al., 2016, arXiv:1603.08155; in the form of junyanz/CycleGAN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from annotated_types import Ge
from ganzoo_layers.sizes import nearest
from torch import Tensor, nn

from ganzoo import DataSpec, Fields, Generator, NonNegativeInt, PositiveInt, UserError, route

INIT_STD = 0.02


class CycleGANGenerator(Generator):
    """``forward`` makes "sample" of "source", the route ``back`` "source" of "sample"; images (N, C, H, W) in [-1, 1].

    Args:
        width: channels at full size; twice as many at half of it, four times at a quarter.
        blocks: residual blocks; the paper has 6 for 128 pixels and 9 for 256.
        halvings: how often the image is halved before the blocks.
    """

    paper = "Zhu et al., 2017, arXiv:1703.10593"

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64, blocks: NonNegativeInt = 9, halvings: Annotated[int, Ge(0)] = 2) -> None:
        super().__init__()
        source = two_domains("generator cyclegan", data, 2**halvings)
        self.to_sample = translator(source[0], data.shape[0], width, blocks, halvings)
        self.to_source = translator(data.shape[0], source[0], width, blocks, halvings)

    def forward(self, source: Tensor) -> Fields:
        """Translate "source" (N, C, H, W): "sample" likewise."""
        return {"sample": self.to_sample(source)}

    @route(gives={"source"})
    def back(self, sample: Tensor) -> Fields:
        """Translate "sample" (N, C, H, W): "source" likewise."""
        return {"source": self.to_source(sample)}


class Residual(nn.Module):
    """x + f(x), f two convolutions of 3 x 3 with instance norm and a ReLU between them: (N, C, H, W) to the same.

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.net = nn.Sequential(*convolution(channels, channels, 3), nn.ReLU(inplace=True), *convolution(channels, channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Add what the block finds."""
        return x + self.net(x)  # type: ignore[no-any-return]


def convolution(before: int, after: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """A convolution with instance norm; at stride 1 the border is mirrored."""
    mode: Literal["reflect", "zeros"] = "reflect" if stride == 1 else "zeros"
    return [nn.Conv2d(before, after, kernel, stride, kernel // 2, padding_mode=mode), nn.InstanceNorm2d(after)]


def translator(before: int, after: int, width: int, blocks: int, halvings: int) -> nn.Sequential:
    """The network from images of ``before`` channels to images of ``after`` in [-1, 1], its weights drawn."""
    net: list[nn.Module] = [*convolution(before, width, 7), nn.ReLU(inplace=True)]
    for step in range(halvings):
        net += [*convolution(width * 2**step, width * 2 ** (step + 1), 3, stride=2), nn.ReLU(inplace=True)]
    net += [Residual(width * 2**halvings) for _ in range(blocks)]
    for step in reversed(range(halvings)):
        doubled = nn.ConvTranspose2d(width * 2 ** (step + 1), width * 2**step, 3, 2, 1, output_padding=1)
        net += [doubled, nn.InstanceNorm2d(width * 2**step), nn.ReLU(inplace=True)]
    net += [nn.Conv2d(width, after, 7, padding=3, padding_mode="reflect"), nn.Tanh()]
    made = nn.Sequential(*net)
    for module in made.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)) and module.bias is not None:
            nn.init.normal_(module.weight, 0.0, INIT_STD)
            nn.init.zeros_(module.bias)
    return made


def two_domains(who: str, data: DataSpec, multiple: int = 1) -> Sequence[int]:
    """The shape of "source".

    Raises:
        UserError: where it or "sample" are no images whose edges are multiples of ``multiple``; ``who`` asks.
    """
    source = data.fields.get("source")
    if source is None or not data.is_image or len(source) != 3:
        has = ", ".join(f"{name} {tuple(shape)}" for name, shape in data.fields.items())
        raise UserError(f"{who} wants images of two domains, 'source' and 'sample'; this data has {has}", "choose the data set 'unpaired'")
    for name, shape in (("source", source), ("sample", data.shape)):
        if any(edge % multiple or edge < 4 * multiple for edge in shape[1:]):
            what = f"{who} wants edges that are multiples of {multiple} and at least {4 * multiple} pixels; '{name}' has {tuple(shape[1:])}"
            near = nearest(shape, multiple, 4 * multiple)
            raise UserError(what, f"make them {near}, the nearest size{'s' if ' or ' in near else ''}, or take fewer halvings")
    return source
