"""Real pictures while a stage is faded in (Karras et al., 2018, arXiv:1710.10196).

x <- x' + alpha (x - x')

with x a real picture of the stage's pixels, x' the same with half as many, enlarged, and alpha the share of the new stage.
"""

from __future__ import annotations

from ganzoo import DataSpec, Fields, Loss, Turn

from .stages import PAPER, between, larger, last_stage, smaller


class FadeReals(Loss):
    """Shows the critic real pictures as blurred as fakes are while a stage is faded in; its pixels are repeated to the data's size."""

    paper = PAPER + ", and the authors' code (tkarras/progressive_growing_of_gans, train.py)"
    reads = frozenset({"stage", "alpha"})

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.last = last_stage(data, "loss fade_reals")

    def view(self, fields: Fields, place: str, turn: Turn) -> Fields:
        """Real pictures of the stage's pixels, and in part of half as many."""
        if place != "real":
            return fields
        stage = int(fields["stage"])
        times = 2 ** (self.last - stage)
        small = smaller(fields["sample"], times)
        if stage:
            small = between(larger(smaller(small)), small, fields["alpha"])
        return fields | {"sample": larger(small, times)}
