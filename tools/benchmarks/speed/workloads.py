"""What is trained: the networks as ganzoo's components and, with the same layers, as the textbook writes them.

Legend of shapes: N samples, L latent_dim 100, K classes 10. Images (N, 3, 64, 64), (N, 1, 32, 32) or (N, 1, 28, 28).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

LATENT = 100
BATCH = 64


@dataclass(frozen=True)
class Bar:
    """What must come out: a ratio of two rates."""

    against_textbook: float
    against_fast: float
    of_floor: float = 0.75


@dataclass(frozen=True)
class Workload:
    """One game.

    Args:
        game: the kind of loop: "gan", "acgan" or "wgan_gp".
        data: "faces", noise of (3, 64, 64); "digits" 28 or 32 pixels wide.
        size: edge of an image in pixels.
        config: ganzoo's configuration without data and training.
        steps: steps measured at a time, as many as take some seconds.
        bars: way of computing -> what must come out on a CPU with one thread.
    """

    game: Literal["gan", "acgan", "wgan_gp"]
    data: Literal["faces", "digits"]
    size: int
    config: str
    steps: int
    bars: Mapping[str, Bar]

    @property
    def critic_updates(self) -> int:
        """Critic updates for each of the generator."""
        return 5 if self.game == "wgan_gp" else 1


SHARED = "schedule: {name: alternate, share_fake: true}"
PENALTY = "loss: [wasserstein, {name: gradient_penalty, weight: 10}]\nschedule: {name: alternate, critic_updates: 5}"
MLPS = "generator: {name: mlp, hidden: [128, 256, 512, 1024], norm: batch}\ncritic: {name: mlp, hidden: [512, 256]}"

WORKLOADS: Mapping[str, Workload] = {
    "dcgan64": Workload(
        "gan",
        "faces",
        64,
        f"generator: {{name: dcgan, width: 64}}\ncritic: {{name: dcgan, width: 64}}\nloss: non_saturating\n{SHARED}",
        3,
        {"fp32": Bar(1.20, 0.97, 0.85), "bf16": Bar(1.9, 0.97)},
    ),
    "wgan_gp64": Workload(
        "wgan_gp",
        "faces",
        64,
        f"generator: {{name: dcgan, width: 64}}\ncritic: {{name: dcgan, width: 64, norm: none}}\n{PENALTY}",
        1,
        {"fp32": Bar(1.05, 0.97), "bf16": Bar(1.7, 0.97)},
    ),
    "acgan32": Workload(
        "acgan",
        "digits",
        32,
        f"generator: upsampling\ncritic: upsampling\nloss: [non_saturating, label_classification]\n{SHARED}",
        8,
        {"fp32": Bar(1.3, 0.97), "bf16": Bar(2.2, 0.97)},
    ),
    "mlp": Workload(
        "gan",
        "digits",
        28,
        f"{MLPS}\nloss: non_saturating\n{SHARED}",
        120,
        {"fp32": Bar(1.4, 0.92), "medium": Bar(2.4, 0.92), "bf16": Bar(2.4, 0.92)},
    ),
    "wgan_gp_mlp": Workload(
        "wgan_gp",
        "digits",
        28,
        f"{MLPS}\n{PENALTY}",
        20,
        {"fp32": Bar(1.5, 0.92), "medium": Bar(2.1, 0.92), "bf16": Bar(2.1, 0.92)},
    ),
}
"""Name to game. The way of computing is "fp32", "medium" (fp32 with the faster matrix products) or "bf16"."""


def networks(name: str) -> tuple[nn.Module, nn.Module]:
    """The textbook's generator and critic of a workload: plain modules that return tensors, with raw scores."""
    workload = WORKLOADS[name]
    if workload.game == "acgan":
        return LabelledGenerator(), LabelledCritic()
    if workload.data == "digits":
        return perceptrons()
    return convolutions(norm=workload.game == "gan")


def convolutions(width: int = 64, norm: bool = True) -> tuple[nn.Module, nn.Module]:
    """DCGAN's networks for 64 pixels (Radford et al., 2016), as in pytorch/examples; ``norm``: batch norm in the critic."""
    widths = [width * 8, width * 4, width * 2, width]
    generator: list[nn.Module] = [nn.Unflatten(1, (LATENT, 1, 1)), nn.ConvTranspose2d(LATENT, widths[0], 4, 1, 0, bias=False)]
    generator += [nn.BatchNorm2d(widths[0]), nn.ReLU()]
    for before, after in pairwise(widths):
        generator += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    generator += [nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh()]
    critic: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1, bias=not norm), nn.LeakyReLU(0.2)]
    for before, after in pairwise(reversed(widths)):
        critic += [nn.Conv2d(before, after, 4, 2, 1, bias=not norm), *([nn.BatchNorm2d(after)] if norm else []), nn.LeakyReLU(0.2)]
    critic += [nn.Conv2d(widths[0], 1, 4, 1, 0, bias=not norm), nn.Flatten(0)]
    return nn.Sequential(*generator), nn.Sequential(*critic)


def perceptrons() -> tuple[nn.Module, nn.Module]:
    """Multilayer perceptrons for 28 pixels, as commonly taught."""
    generator: list[nn.Module] = []
    for before, after in pairwise([LATENT, 128, 256, 512, 1024]):
        generator += [nn.Linear(before, after), nn.BatchNorm1d(after), nn.LeakyReLU(0.2)]
    generator += [nn.Linear(1024, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28))]
    critic = [
        nn.Flatten(),
        nn.Linear(784, 512),
        nn.LeakyReLU(0.2),
        nn.Linear(512, 256),
        nn.LeakyReLU(0.2),
        nn.Linear(256, 1),
        nn.Flatten(0),
    ]
    return nn.Sequential(*generator), nn.Sequential(*critic)


class LabelledGenerator(nn.Module):
    """AC-GAN's generator for 32 pixels as published in eriklindernoren/PyTorch-GAN."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.first = nn.Embedding(10, LATENT), nn.Linear(LATENT, 128 * 64)
        layers: list[nn.Module] = [nn.Unflatten(1, (128, 8, 8)), nn.BatchNorm2d(128)]
        for before, after in ((128, 128), (128, 64)):
            layers += [nn.Upsample(scale_factor=2), nn.Conv2d(before, after, 3, 1, 1), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
        self.net = nn.Sequential(*layers, nn.Conv2d(64, 1, 3, 1, 1), nn.Tanh())

    def forward(self, latent: Tensor, label: Tensor) -> Tensor:
        """Images (N, 1, 32, 32)."""
        made: Tensor = self.net(self.first(self.embed(label) * latent))
        return made


class LabelledCritic(nn.Module):
    """AC-GAN's critic for 32 pixels as published there."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise((1, 16, 32, 64, 128)):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.LeakyReLU(0.2), nn.Dropout2d(0.25)]
            layers += [nn.BatchNorm2d(after)] if before > 1 else []
        self.net = nn.Sequential(*layers, nn.Flatten())
        self.score, self.label = nn.Linear(512, 1), nn.Linear(512, 10)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Raw scores (N,) and raw label logits (N, K)."""
        features = self.net(image)
        return self.score(features).flatten(), self.label(features)
