"""Two phases: the generator alone, then both players."""

from __future__ import annotations

from ganzoo import DataSpec, Fraction, Plan, Schedule


class Pretrain(Schedule):
    """The generator alone by some losses for a share of the run; then one update of each player a step.

    Args:
        share: of the run that the first phase takes; the paper's 1,000,000 steps of 1,200,000.
        losses: names of the losses that act in it.
        then: names of those that act after it; empty: all.
    """

    paper = "Ledig et al., 2017, arXiv:1609.04802"

    def __init__(
        self, data: DataSpec, *, share: Fraction = 5 / 6, losses: tuple[str, ...] = ("pixel_l2",), then: tuple[str, ...] = ()
    ) -> None:
        self.share, self.first, self.then = share, frozenset(losses), frozenset(then) or None

    def plan(self, step: int, total: int) -> Plan:
        """The phase of ``step``."""
        return Plan(critic_updates=0, losses=self.first) if step < self.share * total else Plan(losses=self.then)
