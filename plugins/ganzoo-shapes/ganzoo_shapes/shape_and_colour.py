"""Tells which shape in which colour a picture shows: that of all right answers which is nearest to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ganzoo import DataSpec, PositiveInt, SharedMetric, Subject, UserError

from .drawing import COLOURS, FORMS, alone, palette

NEAR = 0.02
"""The most that a target may differ from a right answer, in values of [-1, 1]: it is one, but for rounding."""


class ShapeAndColour(SharedMetric):
    """The share of pictures that show the right shape in the right colour, each judged by the nearest of the twenty answers of `scene`.

    The distance is the mean absolute difference. What is right is read off the target in the same way.

    Args:
        samples: pairs N, the first of them; null: all of the split.
        split: part of the data whose sources are translated; null: the one trained on.
    """

    paper = "of this project: the nearest of the data's known answers"
    better = {"right": "higher", "shape": "higher", "colour": "higher"}

    def __init__(self, data: DataSpec, *, samples: PositiveInt | None = None, split: str | None = None) -> None:
        if not data.is_image or data.shape != (3, data.shape[-1], data.shape[-1]):
            what = f"shapes are looked for in square colour pictures; this data's samples have the shape {data.shape}"
            raise UserError(what, "use another metric, or the data set 'scene'")
        self.samples, self.split = samples, split
        self.answers = answers(data.shape[-1])

    def prepare(self, subject: Subject) -> None:
        """See that there are pairs."""
        next(iter(subject.pairs(1, self.split)))

    def collect(self, subject: Subject) -> Mapping[str, Tensor]:
        """Whether both, shape and colour are right (N, 3)."""
        same: list[Tensor] = []
        for pair in subject.pairs(self.samples, self.split):
            wanted, far = self.nearest(pair["target"])
            if far.max() > NEAR:
                raise UserError("the targets are not shapes alone, as 'scene' draws them", "use another metric for this data")
            found, _ = self.nearest(pair["sample"])
            colours = len(COLOURS)
            same.append(torch.stack([found == wanted, found // colours == wanted // colours, found % colours == wanted % colours], dim=1))
        return {"same": torch.cat(same)}

    def compute(self, subject: Subject, collected: Sequence[Mapping[str, Tensor]]) -> Mapping[str, float]:
        """Shares of both right, of the right shape, of the right colour."""
        right, shape, colour = torch.cat([share["same"] for share in collected]).double().mean(dim=0).tolist()
        return {"right": right, "shape": shape, "colour": colour}

    def nearest(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Of pictures (N, 3, H, W) the number of the nearest answer (N,), and how far it is (N,)."""
        answers = self.answers.to(pictures)
        far = torch.stack([(pictures - answer).abs().flatten(1).mean(dim=1) for answer in answers], dim=1)
        return far.argmin(dim=1), far.amin(dim=1)


def answers(size: int) -> Tensor:
    """Every shape in every colour, alone: (20, 3, size, size) in [-1, 1], those of a shape together."""
    forms, colours = len(FORMS), palette()
    pictures = alone(np.repeat(np.arange(forms), len(colours)), np.tile(colours, (forms, 1)), size)
    return torch.from_numpy(pictures).float() / 127.5 - 1
