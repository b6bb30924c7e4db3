"""The generator of StackGAN (Zhang et al., 2017, arXiv:1612.03242): a small picture of a text, and a large one of both.

For 256 pixels, small pictures of 64, and the default width:

    first   text -> c; noise and c -> 1024 x 4 x 4 -> 512 x 8 x 8 -> 256 x 16 x 16 -> 128 x 32 x 32 -> 64 x 64 x 64 -> small picture
    second  small picture -> 128 x 64 x 64 -> 256 x 32 x 32 -> 512 x 16 x 16, joined with c' -> residual blocks of 512 x 16 x 16
            -> 256 x 32 x 32 -> 128 x 64 x 64 -> 64 x 128 x 128 -> 32 x 256 x 256 -> picture

Layers as in hanzhanggit/StackGAN.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import torch
from annotated_types import Ge
from ganzoo_layers.sizes import halvings
from torch import Tensor, nn

from ganzoo import DataSpec, Fields, Generator, PositiveInt, UserError, route

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


class Condition(nn.Module):
    """Conditioning augmentation: a text (N, D) as mean and logarithm of the variance (N, C) of a normal distribution."""

    def __init__(self, text: int, length: int) -> None:
        super().__init__()
        self.net = nn.Linear(text, 2 * length)
        # Means of some standard deviations apart, lest the noise drown them: a caption has few words, and a learning rate is short.
        nn.init.normal_(self.net.weight[:length])
        nn.init.zeros_(self.net.weight[length:])
        nn.init.zeros_(self.net.bias)

    def forward(self, text: Tensor) -> tuple[Tensor, Tensor]:
        """Both."""
        mean, log_variance = nn.functional.leaky_relu(self.net(text), 0.2).chunk(2, dim=1)
        return mean, log_variance


def drawn(condition: tuple[Tensor, Tensor], jitter: Tensor) -> Tensor:
    """A condition (N, C) of mean and logarithm of the variance by standard normal ``jitter`` (N, C)."""
    mean, log_variance = condition
    return mean + (log_variance / 2).exp() * jitter


class First(nn.Module):
    """The first stage: noise and text to a small picture."""

    def __init__(self, data: DataSpec, text: int, latent_dim: int, condition_dim: int, width: int) -> None:
        super().__init__()
        small = DataSpec({"sample": data.fields["source"]})
        innermost, doublings = halvings(small, "generator stackgan", base=4, least=1)
        widths = [max(8 * width >> i, 1) for i in range(doublings + 1)]
        self.condition = Condition(text, condition_dim)
        values = widths[0] * innermost[0] * innermost[1]
        start = nn.Linear(latent_dim + condition_dim, values, bias=False)
        layers = [start, nn.Unflatten(1, (widths[0], *innermost)), nn.BatchNorm2d(widths[0]), nn.ReLU()]
        for before, after in pairwise(widths):
            layers += larger(before, after)
        self.net = nn.Sequential(*layers, nn.Conv2d(widths[-1], small.shape[0], 3, padding=1), nn.Tanh())

    def forward(self, latent: Tensor, jitter: Tensor, text: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Small pictures (N, 3, H, W) of noise (N, L) and texts (N, D), and the distribution of conditions."""
        condition = self.condition(text)
        return self.net(torch.cat([latent, drawn(condition, jitter)], dim=1)), condition


class Second(nn.Module):
    """The second stage: a small picture and its text to a large one."""

    def __init__(self, data: DataSpec, text: int, condition_dim: int, width: int, blocks: int, factor: int) -> None:
        super().__init__()
        self.condition = Condition(text, condition_dim)
        channels = data.fields["source"][0]
        self.inwards = nn.Sequential(
            *(nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * width), nn.ReLU()),
            *(nn.Conv2d(2 * width, 4 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(4 * width), nn.ReLU()),
        )
        joined = [nn.Conv2d(4 * width + condition_dim, 4 * width, 3, padding=1, bias=False), nn.BatchNorm2d(4 * width), nn.ReLU()]
        doublings = 1 + factor.bit_length()
        widths = [max(4 * width >> i, 1) for i in range(doublings + 1)]
        outwards = [layer for before, after in pairwise(widths) for layer in larger(before, after)]
        self.net = nn.Sequential(
            *joined, *(Block(4 * width) for _ in range(blocks)), *outwards, nn.Conv2d(widths[-1], data.shape[0], 3, padding=1), nn.Tanh()
        )

    def forward(self, small: Tensor, jitter: Tensor, text: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Large pictures (N, 3, rH, rW) of small ones (N, 3, H, W) and their texts (N, D), and the distribution of conditions."""
        inner, condition = self.inwards(small), self.condition(text)
        everywhere = drawn(condition, jitter)[:, :, None, None].expand(-1, -1, *inner.shape[2:])
        return self.net(torch.cat([inner, everywhere], dim=1)), condition


class Block(nn.Module):
    """Two normalised convolutions beside the identity, on ``width`` channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            *(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()),
            *(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(N, width, H, W) to the same."""
        return nn.functional.relu(features + self.net(features))


def larger(before: int, after: int) -> list[nn.Module]:
    """Twice the edges, by repeated pixels and a convolution."""
    return [nn.Upsample(scale_factor=2), nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]


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
