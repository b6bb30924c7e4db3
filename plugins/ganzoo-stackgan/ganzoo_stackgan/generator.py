"""The generator of StackGAN (Zhang et al., 2017, arXiv:1612.03242): a small picture of a text, and a large one of both.

For 256 pixels, small pictures of 64, and the default width:

    first   text -> c; noise and c -> 1024 x 4 x 4 -> 512 x 8 x 8 -> 256 x 16 x 16 -> 128 x 32 x 32 -> 64 x 64 x 64 -> small picture
    second  small picture -> 128 x 64 x 64 -> 256 x 32 x 32 -> 512 x 16 x 16, joined with c' -> residual blocks of 512 x 16 x 16
            -> 256 x 32 x 32 -> 128 x 64 x 64 -> 64 x 128 x 128 -> 32 x 256 x 256 -> picture

Layers as in hanzhanggit/StackGAN.
"""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor, nn

from ganzoo import DataSpec, Fields, Generator, PositiveInt, UserError, route

from .augmentation import Condition
from .stages import First, Second

PAPER = "Zhang et al., 2017, arXiv:1612.03242"
INIT_STD = 0.02
CONDITION = ("text_mean", "text_log_variance")


class StackGenerator(Generator):
    """From "text" (N, D) to "sample"; along the route ``first`` to the small picture "source".

    Both in [-1, 1], and with them the normal distribution that a stage draws its conditions of a text from: "text_mean" and
    "text_log_variance" (N, C).

    Args:
        latent_dim: length of the noise of the first stage.
        condition_dim: length of the condition that is drawn for a text.
        width: channels of the second stage nearest the small picture; the first stage has eight times as many at its smallest.
        blocks: residual blocks of the second stage.
    """

    paper = PAPER
    gives = frozenset({"sample", *CONDITION})

    def __init__(
        self,
        data: DataSpec,
        *,
        latent_dim: PositiveInt = 100,
        condition_dim: PositiveInt = 128,
        width: Annotated[int, Ge(2)] = 128,
        blocks: PositiveInt = 4,
    ) -> None:
        super().__init__()
        text, factor = sizes(data, "generator stackgan")
        self.latent_dim, self.condition_dim = latent_dim, condition_dim
        self.one = First(data, text, latent_dim, condition_dim, width)
        self.two = Second(data, text, condition_dim, width, blocks, factor)
        initialise_(self)

    def draw(self, n: int, device: torch.device | None = None) -> Fields:
        """ "latent" (n, L), and "jitter" (n, 2C): what the conditions of both stages are drawn with; standard normal."""
        return {
            "latent": torch.randn(n, self.latent_dim, device=device),
            "jitter": torch.randn(n, 2 * self.condition_dim, device=device),
        }

    def forward(self, latent: Tensor, jitter: Tensor, text: Tensor) -> Fields:
        """Make large pictures of texts.

        Args:
            latent: (N, L).
            jitter: (N, 2C).
            text: (N, D).

        Returns:
            "sample" (N, 3, rH, rW), and the second stage's conditions.
        """
        first, second = jitter.chunk(2, dim=1)
        small, _ = self.one(latent, first, text)
        sample, condition = self.two(small, second, text)
        return {"sample": sample, **dict(zip(CONDITION, condition, strict=True))}

    @route(gives={"sample", *CONDITION})
    def second(self, latent: Tensor, jitter: Tensor, text: Tensor) -> Fields:
        """The same, by a name that losses of the second stage alone can be sent along."""
        return self.forward(latent, jitter, text)

    @route(gives={"source", *CONDITION})
    def first(self, latent: Tensor, jitter: Tensor, text: Tensor) -> Fields:
        """The small picture "source" (N, 3, H, W) that ``forward`` makes the large one of, and the first stage's conditions."""
        small, condition = self.one(latent, jitter.chunk(2, dim=1)[0], text)
        return {"source": small, **dict(zip(CONDITION, condition, strict=True))}


def sizes(data: DataSpec, who: str) -> tuple[int, int]:
    """The length D of "text", and how many times larger the edges of "sample" are than those of "source".

    Raises:
        UserError: where one of them is missing, the factor is not a power of 2, or the small picture does not halve twice.
    """
    text, small = data.fields.get("text", ()), data.fields.get("source", ())
    if len(text) != 1 or len(small) != 3 or not data.is_image:
        has = ", ".join(f"{name} {tuple(shape)}" for name, shape in data.fields.items())
        what = f"{who} wants images with their low resolution 'source' and a vector 'text'; this data has {has}"
        raise UserError(what, "take data that gives them: {name: captioned, low_resolution: 2}, {name: described, low_resolution: 2}")
    factor = data.shape[1] // small[1]
    if factor < 2 or factor & (factor - 1) or tuple(edge * factor for edge in small[1:]) != data.shape[1:] or small[1] % 4 or small[2] % 4:
        what = f"{who} cannot double 'source' of shape {small} to 'sample' of shape {data.shape}"
        raise UserError(what, "choose data.low_resolution: 2 or 4, and as data.size a multiple of 16")
    return text[0], factor


def initialise_(network: nn.Module) -> None:
    """Weights N(0, 0.02), gains N(1, 0.02), biases 0; those of a ``Condition`` stay."""
    texts = {layer for each in network.modules() if isinstance(each, Condition) for layer in each.modules()}
    for module in network.modules():
        if module in texts:
            continue
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            nn.init.normal_(module.weight, 0.0, INIT_STD)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, INIT_STD)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
