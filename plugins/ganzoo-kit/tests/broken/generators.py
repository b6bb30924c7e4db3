"""Generators with one fault each. ``caught_by`` names the check that must see it, and no other may."""

import numpy as np
import torch
from torch import nn

from ganzoo import DataSpec, Fields, Generator, PositiveInt


class Sound(Generator):
    """One linear layer and a tanh; nothing is wrong with it.

    Args:
        width: units of the hidden layer.
    """

    caught_by = ""
    latent_dim = 4

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64):
        super().__init__()
        self.shape = data.shape
        self.net = nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, torch.Size(data.shape).numel()))

    def forward(self, latent: torch.Tensor) -> Fields:
        return {"sample": self.make(latent)}

    def make(self, latent):
        return self.net(latent).tanh().reshape(-1, *self.shape)


class Misnamed(Sound):
    """Gives 'image' where 'sample' is declared: the real sample would stay in its place."""

    caught_by = "outputs"

    def forward(self, latent: torch.Tensor) -> Fields:
        return {"image": self.make(latent)}


class Unbounded(Sound):
    """Images outside [-1, 1]: the tanh is missing."""

    caught_by = "outputs"

    def make(self, latent):
        return self.net(latent).reshape(-1, *self.shape)


class Halved(Sound):
    """Gives half precision where float32 came in."""

    caught_by = "outputs"

    def make(self, latent):
        return super().make(latent).bfloat16()


class FixedBatch(Sound):
    """Serves batches of 4 and 8 only."""

    caught_by = "outputs"

    def make(self, latent):
        return super().make(latent) if len(latent) % 4 == 0 else super().make(latent)[:1].expand(len(latent) + 1, *self.shape)


class Unused(Sound):
    """A layer that takes no part."""

    caught_by = "gradients"

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64):
        super().__init__(data, width=width)
        self.spare = nn.Linear(4, 4)


class Rounded(Sound):
    """Rounds to grey levels, which has no gradient."""

    caught_by = "gradients"

    def make(self, latent):
        return (super().make(latent) * 127).round() / 127


class Deaf(Sound):
    """Asks for the label and does nothing with it."""

    caught_by = "inputs"

    def forward(self, latent: torch.Tensor, label: torch.Tensor) -> Fields:
        return {"sample": self.make(latent)}


class Stuck(Sound):
    """Draws the same noise every time."""

    caught_by = "prior"

    def draw(self, n, device=None):
        return {"latent": torch.linspace(-1, 1, 4 * n, device=device).reshape(n, 4)}


class Unseeded(Sound):
    """Adds noise that no seed governs."""

    caught_by = "determinism"

    def make(self, latent):
        noise = torch.as_tensor(np.random.default_rng().normal(), dtype=torch.float32)
        return (super().make(latent) + 0.01 * noise.to(latent.device)).clamp(-1, 1) if is_real(latent) else super().make(latent)


class Reseeding(Sound):
    """Sets torch's random numbers back to a fixed place."""

    caught_by = "determinism"

    def make(self, latent):
        torch.manual_seed(0)
        return super().make(latent)


class Counting(Sound):
    """Changes with the number of times it was called, which no state dict holds."""

    caught_by = "state"

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64):
        super().__init__(data, width=width)
        self.calls = 0

    def make(self, latent):
        self.calls += self.training
        return super().make(latent) * 0.99**self.calls


class Tied(Sound):
    """Two names for one weight, which safetensors cannot write."""

    caught_by = "weights"

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64):
        super().__init__(data, width=width)
        self.again = self.net[0]


class HalfPrecision(Sound):
    """Overflows in half precision only."""

    caught_by = "bf16"

    def make(self, latent):
        made = self.net(latent)
        return (made if made.dtype == torch.float32 else made * float("inf")).tanh().reshape(-1, *self.shape)


class Reading(Sound):
    """Reads a value, which stops a GPU at every step."""

    caught_by = "values"

    def make(self, latent):
        return super().make(latent) / max(1.0, latent.abs().max().item() / 1e6)


class SelfPlaced(Sound):
    """Makes a tensor on the CPU, wherever its input is."""

    caught_by = "placement"

    def make(self, latent):
        return super().make(latent + torch.zeros(1, 4, device="cpu"))


class Moving(Sound):
    """Moves its input."""

    caught_by = "placement"

    def make(self, latent):
        return super().make(latent.to("cpu"))


class Undocumented(Sound):
    """A parameter without a meaning."""

    caught_by = "documented"

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64, depth: PositiveInt = 1):
        super().__init__(data, width=width * depth)


class Idle(Sound):
    """A parameter that is taken and not used.

    Args:
        width: units of the hidden layer.
        depth: further layers.
    """

    caught_by = "effects"

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64, depth: PositiveInt = 1):
        super().__init__(data, width=width)


class Unchecked(Sound):
    """A size without a bound.

    Args:
        units: units of the hidden layer.
    """

    caught_by = "parameters"

    def __init__(self, data: DataSpec, *, units: int = 8):
        super().__init__(data, width=units)


class Untyped(Sound):
    """A parameter that cannot be a YAML key: it has no annotation.

    Args:
        width: units of the hidden layer.
    """

    caught_by = "loads"

    def __init__(self, data: DataSpec, width=64):
        super().__init__(data, width=width)


class Fussy(Sound):
    """Accepts no data at all."""

    caught_by = "accepts"

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64):
        raise ValueError("no data is good enough")


def is_real(tensor):
    """Whether ``tensor`` has values, rather than being a stand-in that has a shape only."""
    return type(tensor) is torch.Tensor and tensor.device.type != "meta"
