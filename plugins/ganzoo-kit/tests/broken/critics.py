"""Critics with one fault each. ``caught_by`` names the check that must see it, and no other may."""

import torch
from torch import nn

from ganzoo import Critic, DataSpec, PositiveInt, Scores, UserError


class Sound(Critic):
    """Two linear layers; nothing is wrong with it.

    Args:
        width: units of the hidden layer.
    """

    caught_by = ""

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(torch.Size(data.shape).numel(), width), nn.Softplus(), nn.Linear(width, 1))

    def forward(self, sample: torch.Tensor) -> Scores:
        return {"score": self.judge(sample)}

    def judge(self, sample):
        return self.net(sample).flatten()


class Squashed(Sound):
    """Gives probabilities where raw scores are wanted."""

    caught_by = "raw"

    def judge(self, sample):
        return super().judge(sample).div(100).sigmoid()


class Softmaxed(Sound):
    """Gives class probabilities where logits are wanted."""

    caught_by = "raw"
    gives = frozenset({"score", "label_logits"})

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64):
        super().__init__(data, width=width)
        if not data.classes:
            raise UserError("this data has no labels", "choose labelled data")
        self.classify = nn.Linear(torch.Size(data.shape).numel(), data.classes)

    def forward(self, sample: torch.Tensor) -> Scores:
        return {"score": self.judge(sample), "label_logits": self.classify(sample.flatten(1)).softmax(dim=1)}


class Mixing(Sound):
    """Subtracts the batch's mean and does not say so."""

    caught_by = "mixing"

    def judge(self, sample):
        return super().judge(sample - 0.1 * sample.mean(dim=0, keepdim=True))


class Boasting(Sound):
    """Says that it mixes the batch, and does not."""

    caught_by = "mixing"
    mixes_batch = True


class WrongShape(Sound):
    """One score for the whole batch."""

    caught_by = "outputs"

    def judge(self, sample):
        scores = super().judge(sample)
        return scores if len(sample) % 4 == 0 or len(sample) == 16 else scores.mean()


class Detached(Sound):
    """Judges a copy, so that the generator learns nothing."""

    caught_by = "gradients"

    def judge(self, sample):
        return super().judge(sample.detach())


class Optional(Sound):
    """A field with a default: a run without labels would go unnoticed."""

    caught_by = "loads"

    def forward(self, sample: torch.Tensor, label: torch.Tensor = None) -> Scores:
        return {"score": self.judge(sample)}
