"""A generator from "source" to "sample", a critic that sees both, an L1 term, paired data, a metric and an observer."""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import l1_loss

from ganzoo import Cache, Critic, Dataset, DataSpec, Fields, Generator, Loss, Metric, PositiveInt, Scores, Subject, Terms, Turn, hookimpl


class Squares(Dataset):
    """White squares (sample) and their grey, blurred thumbnails (source).

    Args:
        count: number of pairs.
    """

    def __init__(self, *, count: PositiveInt = 64):
        self.count = count

    def arrays(self, cache: Cache):
        random = np.random.default_rng(0)
        sample = np.zeros((self.count, 1, 16, 16), np.uint8)
        for image, (x, y) in zip(sample, random.integers(0, 10, (self.count, 2)), strict=True):
            image[:, y : y + 6, x : x + 6] = 255
        source = sample.reshape(self.count, 1, 8, 2, 8, 2).mean(axis=(3, 5)).astype(np.uint8)
        return {"sample": sample, "source": source}


class Translate(Generator):
    """Doubles the side of "source" (N, C, 8, 8); needs no noise.

    Args:
        width: channels of the hidden layer.
    """

    def __init__(self, data: DataSpec, *, width: PositiveInt = 8):
        super().__init__()
        channels = data.fields["source"][0]
        self.net = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.ConvTranspose2d(width, data.shape[0], 4, 2, 1), nn.Tanh()
        )

    def forward(self, source: torch.Tensor) -> Fields:
        return {"sample": self.net(source)}


class JudgePair(Critic):
    """Sees the sample beside the enlarged source; one raw score a patch.

    Args:
        width: channels of the hidden layer.
    """

    def __init__(self, data: DataSpec, *, width: PositiveInt = 8):
        super().__init__()
        channels = data.shape[0] + data.fields["source"][0]
        self.grow = nn.Upsample(scale_factor=2)
        self.net = nn.Sequential(nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(width, 1, 4, 2, 1))

    def forward(self, sample: torch.Tensor, source: torch.Tensor) -> Scores:
        return {"score": self.net(torch.cat([sample, self.grow(source)], 1))}


class L1(Loss):
    """Mean absolute distance of the translation to the truth.

    Args:
        weight: factor on the distance.
    """

    def __init__(self, data: DataSpec, *, weight: float = 100.0):
        super().__init__()
        self.weight = weight

    def generator_terms(self, turn: Turn) -> Terms:
        return {"l1": self.weight * l1_loss(turn.fake["sample"], turn.real["sample"])}


class Brightness(Metric):
    """How far the mean grey level of made samples is from that of real ones.

    Args:
        samples: how many of each.
    """

    def __init__(self, data: DataSpec, *, samples: PositiveInt = 500):
        self.samples = samples

    def measure(self, subject: Subject):
        made, real = subject.generated(self.samples), subject.real(self.samples)
        levels = [torch.cat([batch["sample"] for batch in batches]).mean() for batches in (made, real)]
        return {"brightness_gap": float((levels[0] - levels[1]).abs())}


class Diary:
    """Writes every event's name into diary.txt of the run."""

    def __init__(self, data: DataSpec):
        self.path = None

    @hookimpl
    def run_started(self, directory: Path):
        self.path = directory / "diary.txt"
        self.path.write_text("started\n")

    @hookimpl
    def step_logged(self, step, values):
        with self.path.open("a") as file:
            file.write(f"{step} {sorted(values)}\n")

    @hookimpl
    def evaluated(self, metric, values):
        with self.path.open("a") as file:
            file.write(f"{metric} {sorted(values)}\n")

    @hookimpl
    def run_finished(self, outcome):
        with self.path.open("a") as file:
            file.write(outcome + "\n")
