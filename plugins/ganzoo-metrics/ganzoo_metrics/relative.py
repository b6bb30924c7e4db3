"""Distances of translated pictures from what they should have become, beside what no translation at all would reach."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from ganzoo import DataSpec, Metric, PositiveInt, Subject, UserError

from .networks import shape_text


class RelativeL1(Metric):
    """The L1 distance to the targets, in shares of the distances of two answers that look at nothing.

    ``of_constant``: of the best constant picture, the median of the targets in each value. ``of_source``: of the source as it is,
    where it has the size of the targets; a picture that is left alone has 1. The targets are those of the same pairs.

    Args:
        samples: pairs N, the first of them; null: all of the split. All targets are held in memory.
        split: part of the data whose sources are translated; null: the one trained on.
    """

    paper = "Isola et al. 2017, arXiv:1611.07004, for the distance"
    better = {"of_constant": "lower", "of_source": "lower", "l1": "lower"}

    def __init__(self, data: DataSpec, *, samples: PositiveInt | None = None, split: str | None = None) -> None:
        if not data.is_image:
            raise UserError(f"pictures are compared, this data is {shape_text(data)}", "use another metric for it ('modes' for toys)")
        self.samples, self.split = samples, split

    def prepare(self, subject: Subject) -> None:
        """See that there are pairs."""
        next(iter(subject.pairs(1, self.split)))

    def measure(self, subject: Subject) -> Mapping[str, float]:
        """Both shares, and the distance itself."""
        pairs = list(subject.pairs(self.samples, self.split))
        made, target = (torch.cat([pair[name].cpu() for pair in pairs]) for name in ("sample", "target"))
        distance = float((made - target).abs().double().mean())
        constant = float((target - target.median(dim=0).values).abs().double().mean())
        if not constant:
            raise UserError("all targets are the same picture", "use the metric l1")
        found = {"of_constant": distance / constant, "l1": distance}
        sources = [batch["source"].cpu() for batch in subject.real(None, self.split) if "source" in batch]
        source = torch.cat(sources)[: len(target)] if sources else target[:0]
        if source.shape == target.shape and (unchanged := float((source - target).abs().double().mean())):
            found["of_source"] = distance / unchanged
        return found
