"""Networks small enough to reason about, for checking losses.

``SmoothGenerator`` and ``SmoothCritic`` are differentiable everywhere, so finite differences tell the truth.
``SeparableGenerator`` and ``SeparableCritic`` know which way is better: see there.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ganzoo.fields import DataSpec, Fields, Scores
from ganzoo.players import Critic, Generator


class SmoothGenerator(Generator):
    """One linear layer and a tanh, from "latent" (N, 4) to "sample" (N, *shape)."""

    latent_dim = 4

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.linear = nn.Linear(4, torch.Size(data.shape).numel())
        self.shape = data.shape

    def forward(self, latent: Tensor) -> Fields:
        """Make samples in [-1, 1]."""
        return {"sample": self.linear(latent).tanh().reshape(-1, *self.shape)}


class SmoothCritic(Critic):
    """Two linear layers with a tanh between them; it gives every output that is asked for, and mixes no batch.

    Args:
        data: what it judges.
        gives: names of its outputs; "label_logits" is (N, K), every other (N,).
    """

    def __init__(self, data: DataSpec, gives: Iterable[str]) -> None:
        super().__init__()
        self.gives = frozenset(gives)
        # Pooled to 4 x 4, so that a loss's view may change the size of what is judged.
        self.pool = nn.AdaptiveAvgPool2d(4) if data.is_image else nn.Identity()
        size = data.shape[0] * 16 if data.is_image else torch.Size(data.shape).numel()
        self.hidden = nn.Linear(size, 6)
        self.heads = nn.ModuleDict(
            {name: nn.Linear(6, max(data.classes, 1) if name == "label_logits" else 1) for name in sorted(self.gives)}
        )

    def forward(self, sample: Tensor) -> Scores:
        """Judge samples."""
        features = self.hidden(self.pool(sample).flatten(1)).tanh()
        return {name: head(features) if name == "label_logits" else head(features)[:, 0] for name, head in self.heads.items()}


class SeparableGenerator(Generator):
    """Fakes that differ from real samples in one number, and look like their label to another degree.

    A sample's first value says how real it is: 1 for real samples, ``realness`` (from -1) for fakes. The K values after
    it are the label, one-hot: times 1 for real samples, times ``likeness`` (from 0.5) for fakes. Raising either
    parameter makes better fakes.
    """

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.realness, self.likeness = nn.Parameter(torch.tensor(-1.0)), nn.Parameter(torch.tensor(0.5))
        self.data = data

    def batch(self, n: int) -> Fields:
        """Real samples (n, *shape), with labels in turn where the data has them; other fields are zeros."""
        fields: Fields = {name: torch.zeros(n, *shape) for name, shape in self.data.fields.items()}
        if "label" in fields:
            fields["label"] = torch.arange(n) % self.data.classes
        one = torch.ones(())
        return fields | {"sample": self._sample(one, one, n, fields.get("label"))}

    def forward(self, sample: Tensor) -> Fields:
        """Fakes; the real ``sample`` (N, *shape) says how many."""
        n = len(sample)
        label = torch.arange(n) % self.data.classes if "label" in self.data.fields else None
        return {"sample": self._sample(self.realness, self.likeness, n, label)}

    def _sample(self, realness: Tensor, likeness: Tensor, n: int, label: Tensor | None) -> Tensor:
        columns = [realness.expand(n, 1)]
        if label is not None:
            columns.append(likeness * one_hot(label, self.data.classes))
        made = torch.cat(columns, dim=1)
        rest = torch.Size(self.data.shape).numel() - made.shape[1]
        return torch.cat([made, made.new_zeros(n, rest)], dim=1).reshape(n, *self.data.shape)


class SeparableCritic(Critic):
    """Judges by what ``SeparableGenerator`` writes: "score" = slope * realness, "label_logits" = logit_slope * likeness.

    With positive slopes it is right; at slope 0 it is undecided, and every loss should raise it.
    """

    def __init__(self, data: DataSpec, gives: Iterable[str], slope: float) -> None:
        super().__init__()
        self.gives, self.classes = frozenset(gives), data.classes
        self.slope, self.logit_slope = nn.Parameter(torch.tensor(slope)), nn.Parameter(torch.tensor(slope))

    def forward(self, sample: Tensor) -> Scores:
        """Judge samples."""
        values = sample.flatten(1)
        logits = self.logit_slope * values[:, 1 : 1 + max(self.classes, 1)]
        return {name: logits if name == "label_logits" else self.slope * values[:, 0] for name in sorted(self.gives)}
