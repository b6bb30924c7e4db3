"""CycleGAN: translation both ways without pairs (Zhu et al., 2017, arXiv:1703.10593), small.

``forward`` makes the domain of "sample" of that of "source", the route ``back`` the other way round.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from ganzoo import Cache, Critic, Dataset, DataSpec, Fields, Generator, Loss, PositiveInt, Scheduled, Scores, Terms, Turn, route


class Shades(Dataset):
    """Bright squares on black (sample), and dark ones on white (source), of other places and another number.

    Args:
        count: how many bright ones; there are three quarters as many dark ones.
        size: edge of the pictures.
    """

    independent = frozenset({"source"})

    def __init__(self, *, count: PositiveInt = 32, size: PositiveInt = 16) -> None:
        self.count, self.size = count, size

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """Both domains."""
        random = np.random.default_rng(0)
        return {"sample": self._squares(random, self.count), "source": 255 - self._squares(random, 3 * self.count // 4)}

    def _squares(self, random: np.random.Generator, count: int) -> np.ndarray:
        pictures = np.zeros((count, 1, self.size, self.size), np.uint8)
        for picture, (x, y) in zip(pictures, random.integers(0, self.size - 6, (count, 2)), strict=True):
            picture[:, y : y + 6, x : x + 6] = 200
        return pictures


def translator(before: int, after: int, width: int) -> nn.Module:
    """A network from pictures to pictures of the same size."""
    return nn.Sequential(
        nn.Conv2d(before, width, 3, padding=1), nn.InstanceNorm2d(width), nn.ReLU(), nn.Conv2d(width, after, 3, padding=1), nn.Tanh()
    )


def patches(channels: int, width: int) -> nn.Module:
    """A network that scores the patches of a picture."""
    return nn.Sequential(nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(width, 1, 4, 2, 1))


class BothWays(Generator):
    """Two translators.

    Args:
        width: channels of the hidden layers.
    """

    def __init__(self, data: DataSpec, *, width: PositiveInt = 4) -> None:
        super().__init__()
        source, sample = data.fields["source"][0], data.shape[0]
        self.to_sample, self.to_source = translator(source, sample, width), translator(sample, source, width)

    def forward(self, source: Tensor) -> Fields:
        """There."""
        return {"sample": self.to_sample(source)}

    @route(gives={"source"})
    def back(self, sample: Tensor) -> Fields:
        """And back."""
        return {"source": self.to_source(sample)}


class TwoDomains(Critic):
    """A critic for each domain.

    Args:
        width: channels of the hidden layers.
    """

    def __init__(self, data: DataSpec, *, width: PositiveInt = 4) -> None:
        super().__init__()
        self.of_sample, self.of_source = patches(data.shape[0], width), patches(data.fields["source"][0], width)

    def forward(self, sample: Tensor) -> Scores:
        """Of the domain of "sample"."""
        return {"score": self.of_sample(sample)}

    @route(gives={"score"})
    def back(self, source: Tensor) -> Scores:
        """Of the domain of "source"."""
        return {"score": self.of_source(source)}


class Cycle(Loss):
    """There and back again is where it began: the L1 distance, of both domains.

    Args:
        weight: factor on the distance.
    """

    reads, needs = frozenset({"source"}), frozenset({"back"})

    def __init__(self, data: DataSpec, *, weight: Scheduled = 10.0) -> None:
        super().__init__()
        self.weight = weight

    def generator_terms(self, turn: Turn) -> Terms:
        """Both cycles."""
        source = turn.make(turn.fake, route="back")["source"]
        sample = turn.make(turn.on("back").fake)["sample"]
        return {"cycle": self.weight * (l1_loss(source, turn.real["source"]) + l1_loss(sample, turn.real["sample"]))}


class History(Loss):
    """The critic sees a mixture of the latest fakes and earlier ones (Shrivastava et al., 2017, arXiv:1612.07828).

    Args:
        size: how many earlier ones are kept.
    """

    def __init__(self, data: DataSpec, *, size: PositiveInt = 8) -> None:
        super().__init__()
        self.register_buffer("kept", torch.zeros(size, *data.shape))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def view(self, fields: Fields, place: str, turn: Turn) -> Fields:
        """Half of the critic's fakes are earlier ones, once there are enough."""
        if place != "fake" or turn.side != "critic":
            return fields
        (name,) = turn.compared
        fresh = turn.keep[self] = fields[name]
        n = len(fresh)
        chosen = self.kept[torch.randint(len(self.kept), (n,), device=fresh.device)]
        old = (torch.rand(n, device=fresh.device) < 0.5) & (self.count >= len(self.kept))
        return {**fields, name: torch.where(old.view(-1, 1, 1, 1), chosen, fresh)}

    def after(self, turn: Turn) -> None:
        """Take the latest fakes in, in place of the oldest."""
        if self in turn.keep:  # not where no loss of the step judges fakes
            fresh = turn.keep[self][: len(self.kept)]
            self.kept.copy_(torch.cat([fresh, self.kept])[: len(self.kept)])
            self.count += len(fresh)
