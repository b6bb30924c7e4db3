"""The networks of the conditional GAN (Mirza and Osindero, 2014, arXiv:1411.1784), fully connected.

Sample or noise, and the one-hot label, each have a hidden layer of their own; the two are concatenated before the next. Legend:
N samples, K classes, L latent_dim.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ganzoo import Critic, DataSpec, Fields, Fraction, Generator, PositiveInt, Scores, UserError

PAPER = "Mirza and Osindero, 2014, arXiv:1411.1784"


class CGANGenerator(Generator):
    """From "latent" (N, L) and "label" (N,) to "sample" (N, *shape); images in [-1, 1].

    Args:
        latent_dim: length L of the noise vector, drawn from a standard normal.
        latent_units: units of the noise's own layer.
        label_units: units of the label's own layer.
        joint_units: units of the layer that both enter.
        dropout: share of units dropped after each hidden layer.
    """

    paper = PAPER

    def __init__(
        self,
        data: DataSpec,
        *,
        latent_dim: PositiveInt = 100,
        latent_units: PositiveInt = 200,
        label_units: PositiveInt = 1000,
        joint_units: PositiveInt = 1200,
        dropout: Fraction = 0.5,
    ) -> None:
        super().__init__()
        self.latent_dim, self.classes = latent_dim, classes_of(data, "generator")
        self.of_latent, self.of_label = relu_layer(latent_dim, latent_units, dropout), relu_layer(self.classes, label_units, dropout)
        self.joint = nn.Sequential(
            relu_layer(latent_units + label_units, joint_units, dropout),
            nn.Linear(joint_units, math.prod(data.shape)),
            nn.Tanh() if data.is_image else nn.Identity(),
            nn.Unflatten(1, data.shape),
        )

    def forward(self, latent: Tensor, label: Tensor) -> Fields:
        """Make a sample of each label.

        Args:
            latent: noise (N, L).
            label: classes (N,) int64 in [0, K).

        Returns:
            "sample" (N, *shape); images in [-1, 1].
        """
        hidden = torch.cat([self.of_latent(latent), self.of_label(one_hot(label, self.classes).to(latent.dtype))], dim=1)
        return {"sample": self.joint(hidden)}


class CGANCritic(Critic):
    """From "sample" (N, *shape) and "label" (N,) to one raw "score" (N,), with maxout units.

    Args:
        sample_units: units of the sample's own layer, of 5 pieces each.
        label_units: units of the label's own layer, of 5 pieces each.
        joint_units: units of the layer that both enter, of 4 pieces each.
        dropout: share of units dropped after each hidden layer.
    """

    paper = PAPER

    def __init__(
        self,
        data: DataSpec,
        *,
        sample_units: PositiveInt = 240,
        label_units: PositiveInt = 50,
        joint_units: PositiveInt = 240,
        dropout: Fraction = 0.5,
    ) -> None:
        super().__init__()
        self.classes = classes_of(data, "critic")
        self.of_sample = nn.Sequential(nn.Flatten(), Maxout(math.prod(data.shape), sample_units, 5), *dropped(dropout))
        self.of_label = nn.Sequential(Maxout(self.classes, label_units, 5), *dropped(dropout))
        self.joint = nn.Sequential(
            Maxout(sample_units + label_units, joint_units, 4), *dropped(dropout), nn.Linear(joint_units, 1), nn.Flatten(0)
        )

    def forward(self, sample: Tensor, label: Tensor) -> Scores:
        """Judge whether each sample is a real one of its label.

        Args:
            sample: (N, *shape); images in [-1, 1].
            label: classes (N,) int64 in [0, K).

        Returns:
            Raw "score" (N,).
        """
        hidden = torch.cat([self.of_sample(sample), self.of_label(one_hot(label, self.classes).to(sample.dtype))], dim=1)
        return {"score": self.joint(hidden)}


class Maxout(nn.Module):
    """(N, before) to (N, units): each unit is the largest of ``pieces`` linear functions (Goodfellow et al., 2013, arXiv:1302.4389)."""

    def __init__(self, before: int, units: int, pieces: int) -> None:
        super().__init__()
        self.linear, self.pieces = nn.Linear(before, units * pieces), pieces

    def forward(self, x: Tensor) -> Tensor:
        """The units of each row."""
        largest: Tensor = self.linear(x).unflatten(1, (-1, self.pieces)).amax(dim=2)
        return largest


def relu_layer(before: int, after: int, dropout: float) -> nn.Sequential:
    """A linear layer with ReLU and dropout."""
    return nn.Sequential(nn.Linear(before, after), nn.ReLU(), *dropped(dropout))


def dropped(share: float) -> list[nn.Module]:
    """The layer that drops a share of units; none for 0."""
    return [nn.Dropout(share)] if share > 0 else []


def classes_of(data: DataSpec, role: str) -> int:
    """Number of classes K.

    Raises:
        UserError: where ``data`` has no labels.
    """
    if "label" not in data.fields or data.classes < 1:
        raise UserError(f"{role} cgan_mlp needs labels, which this data lacks", "choose labelled data, or networks without labels")
    return data.classes
