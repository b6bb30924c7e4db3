"""The plain schedule: critic updates and generator updates in a fixed ratio, with an optional linear decay."""

from __future__ import annotations

from .fields import DataSpec
from .params import Fraction, PositiveInt
from .rules import Plan, Schedule


class Alternate(Schedule):
    """``critic_updates`` critic updates, then ``generator_updates`` generator updates, at every step.

    Args:
        critic_updates: critic updates a step, each on a batch of its own.
        generator_updates: generator updates a step.
        decay_from: fraction of the run after which both learning rates fall linearly to 0; 1: never.
        share_fake: one fake for both turns, as pytorch/examples does; needs one update of each a step.
    """

    paper = "Goodfellow et al., 2014, arXiv:1406.2661, algorithm 1"

    def __init__(
        self,
        data: DataSpec,
        *,
        critic_updates: PositiveInt = 1,
        generator_updates: PositiveInt = 1,
        decay_from: Fraction = 1.0,
        share_fake: bool = False,
    ) -> None:
        self.critic_updates, self.generator_updates = critic_updates, generator_updates
        self.decay_from, self.share_fake = decay_from, share_fake

    def plan(self, step: int, total: int) -> Plan:
        """The same ratio at every step."""
        return Plan(self.critic_updates, self.generator_updates, linear_decay(step, total, self.decay_from), self.share_fake)


def linear_decay(step: int, total: int, start: float) -> float:
    """1 until the fraction ``start`` of ``total`` steps, then linearly towards 0, which the step after the last would have."""
    remaining = (total - step) / max(total * (1 - start), 1e-9)
    return min(1.0, max(0.0, remaining))
