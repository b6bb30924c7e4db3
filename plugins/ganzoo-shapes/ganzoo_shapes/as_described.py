"""Tells whether pictures show what their captions say: that of all captions whose picture is nearest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ganzoo import DataSpec, PositiveInt, SharedMetric, Subject, UserError

from .described import LENGTH, drawn, encode, every


class AsDescribed(SharedMetric):
    """The share of pictures made of captions of `described` that show what they say.

    Each is judged by the nearest of the 200 pictures that captions describe, by the mean absolute difference. Numbers: ``right``, shape and
    colour both; ``shape``, ``colour``, ``size``, ``place``.

    Args:
        samples: captions N, the first of them; null: all of the split.
        split: part of the data whose captions are drawn; null: the one trained on.
    """

    paper = "of this project: the nearest of the data's known answers"
    better = {"right": "higher", "shape": "higher", "colour": "higher", "size": "higher", "place": "higher"}

    def __init__(self, data: DataSpec, *, samples: PositiveInt | None = None, split: str | None = None) -> None:
        if data.fields.get("text") != (LENGTH,) or data.shape != (3, data.shape[-1], data.shape[-1]):
            has = ", ".join(f"{name} {tuple(shape)}" for name, shape in data.fields.items())
            raise UserError(f"metric as_described judges pictures of the data set 'described'; this data has {has}", "use another metric")
        self.samples, self.split = samples, split
        said = every()
        self.pictures = torch.from_numpy(drawn(said, data.shape[-1])).float() / 127.5 - 1
        self.said, self.texts = torch.from_numpy(said), torch.from_numpy(encode(said))

    def prepare(self, subject: Subject) -> None:
        """See that pictures are made of captions."""
        next(iter(subject.pairs(1, self.split)))

    def collect(self, subject: Subject) -> Mapping[str, Tensor]:
        """Whether size, colour, shape and place are right (N, 4)."""
        same: list[Tensor] = []
        for pair in subject.pairs(self.samples, self.split):
            wanted = self.said[(pair["text"].cpu() @ self.texts.T).argmax(dim=1)]
            same.append(self.said[self.nearest(pair["sample"])] == wanted)
        return {"same": torch.cat(same)}

    def compute(self, subject: Subject, collected: Sequence[Mapping[str, Tensor]]) -> Mapping[str, float]:
        """All five."""
        all_same = torch.cat([share["same"] for share in collected])
        size, colour, shape, place = all_same.double().mean(dim=0).tolist()
        right = float((all_same[:, 1] & all_same[:, 2]).double().mean())
        return {"right": right, "shape": shape, "colour": colour, "size": size, "place": place}

    def nearest(self, pictures: Tensor) -> Tensor:
        """Of pictures (N, 3, H, W) the number of the nearest (N,)."""
        answers = self.pictures.to(pictures).flatten(1)
        return torch.cdist(pictures.flatten(1), answers, p=1).argmin(dim=1).cpu()
