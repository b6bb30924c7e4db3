"""The plain schedule: critic updates and generator updates in a fixed ratio."""

from __future__ import annotations

from ganzoo.fields import DataSpec
from ganzoo.params import PositiveInt
from ganzoo.rules import Plan, Schedule


class Alternate(Schedule):
    """``critic_updates`` critic updates, then ``generator_updates`` generator updates, at every step.

    Args:
        critic_updates: critic updates a step, each on a batch of its own.
        generator_updates: generator updates a step.
        share_fake: one fake for both turns, as pytorch/examples does; needs one update of each a step.
    """

    paper = "Goodfellow et al., 2014, arXiv:1406.2661, algorithm 1"

    def __init__(
        self, data: DataSpec, *, critic_updates: PositiveInt = 1, generator_updates: PositiveInt = 1, share_fake: bool = False
    ) -> None:
        self._plan = Plan(critic_updates, generator_updates, share_fake=share_fake)

    def plan(self, step: int, total: int) -> Plan:
        """The same ratio at every step."""
        return self._plan
