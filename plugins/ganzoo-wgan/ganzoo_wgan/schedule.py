"""The Wasserstein GAN's schedule: several critic updates a step, and many at the start and now and then.

The warm-up is in the authors' code (martinarjovsky/WassersteinGAN, main.py) and left out of the paper's algorithm 1.
"""

from __future__ import annotations

from ganzoo import DataSpec, NonNegativeInt, Plan, PositiveInt, Schedule


class WGANSchedule(Schedule):
    """``critic_updates`` critic updates a step; ``boost_updates`` in the first ``boost_steps`` and every ``boost_every``.

    Args:
        critic_updates: critic updates before each generator update.
        boost_updates: critic updates in a boosted step, so that the generator meets a critic near its optimum.
        boost_steps: steps at the start that are boosted; 0: only those of boost_every.
        boost_every: also every so many steps, counted from the first; 0: never.
    """

    paper = "Arjovsky et al., 2017, arXiv:1701.07875; boosted steps from martinarjovsky/WassersteinGAN"

    def __init__(
        self,
        data: DataSpec,
        *,
        critic_updates: PositiveInt = 5,
        boost_updates: PositiveInt = 100,
        boost_steps: NonNegativeInt = 25,
        boost_every: NonNegativeInt = 500,
    ) -> None:
        self.critic_updates, self.boost_updates = critic_updates, boost_updates
        self.boost_steps, self.boost_every = boost_steps, boost_every

    def plan(self, step: int, total: int) -> Plan:
        """The plan of ``step`` (0-based) of ``total``."""
        boosted = step < self.boost_steps or (self.boost_every > 0 and step % self.boost_every == 0)
        return Plan(critic_updates=self.boost_updates if boosted else self.critic_updates)
