"""Players and turns for tests of what a turn gives, and of what the check before training finds in one."""

import torch
from torch import Tensor, nn

from ganzoo.fields import DataSpec
from ganzoo.players import Critic, Generator
from ganzoo.turn import Turn

DATA = DataSpec({"sample": (2,), "label": (), "source": (3,)}, classes=4)
N = 5


class Maker(Generator):
    """Makes samples of latents; ``outputs`` replaces what it returns."""

    latent_dim = 3

    def __init__(self, outputs=None) -> None:
        super().__init__()
        self.body, self.outputs, self.calls = nn.Linear(3, 2), outputs, 0

    def forward(self, latent: Tensor):
        self.calls += 1
        made = self.body(latent)
        return self.outputs(made) if self.outputs else {"sample": made}


class Judge(Critic):
    """Judges samples; ``outputs`` replaces what it returns."""

    def __init__(self, outputs=None) -> None:
        super().__init__()
        self.body, self.outputs, self.calls, self.modes = nn.Linear(2, 1), outputs, 0, []

    def forward(self, sample: Tensor):
        self.calls += 1
        self.modes.append(self.training)
        scores = self.body(sample)[:, 0]
        return self.outputs(scores) if self.outputs else {"score": scores}


def batch(n=N):
    return {"sample": torch.randn(n, 2), "label": torch.arange(n) % 4, "source": torch.randn(n, 3)}


def turn_of(side, generator=None, critic=None, real=None, drawn=None, **more):
    generator = generator or Maker()
    return Turn(side, generator, critic or Judge(), real or batch(), drawn or generator.draw(N), **more)
