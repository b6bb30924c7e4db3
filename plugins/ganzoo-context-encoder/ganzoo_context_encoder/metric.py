"""The distance of the filling of a hole from what was there."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from ganzoo import DataSpec, Metric, PositiveInt, Subject, UserError


class Inpainting(Metric):
    """The L1 distance to the truth in the hole, and its share of that of the mean picture.

    Numbers: ``l1_share``, the distance over that of filling each hole with the mean of the true pictures there, pixel by pixel; ``l1``,
    the mean absolute difference in the hole, of values that span [-1, 1].

    Args:
        samples: pairs N, the first of them; null: all of the split.
        split: part of the data whose holes are filled; null: the one trained on.
    """

    paper = "after Pathak et al., 2016, arXiv:1604.07379 (mean L1 loss)"
    better = {"l1_share": "lower", "l1": "lower"}

    def __init__(self, data: DataSpec, *, samples: PositiveInt | None = None, split: str | None = None) -> None:
        if not data.is_image or "mask" not in data.fields:
            raise UserError("holes in pictures are measured, this data has none", "set data.mask, of folder or faces")
        self.samples, self.split = samples, split

    def prepare(self, subject: Subject) -> None:
        """See that there are pairs, two at least: the mean of one picture is that picture."""
        next(iter(subject.pairs(1, self.split)))
        if subject.real_count(self.samples, self.split) < 2:
            raise UserError("the mean picture is that of two pictures or more", "measure more, or a larger split", key="samples")

    def measure(self, subject: Subject) -> Mapping[str, float]:
        """Both."""
        pairs = list(subject.pairs(self.samples, self.split))
        made, target, mask = (torch.cat([pair[name] for pair in pairs]).double() for name in ("sample", "target", "mask"))
        ours, mean = ((mask * (filling - target).abs()).sum() / mask.sum() / target.shape[1] for filling in (made, target.mean(0)))
        return {"l1_share": float(ours / mean), "l1": float(ours)}
