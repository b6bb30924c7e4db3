"""One stage after the other."""

from __future__ import annotations

from ganzoo import DataSpec, Fraction, Plan, Schedule


class TwoStages(Schedule):
    """One update of each player a step: at first of the first stage; then of the second, while the first rests.

    Args:
        share: of the run that the first stage takes; published: 600 epochs each.
        first: names of the losses that act on it.
        then: names of those that act on the second.
        share_fake: one fake for both turns of a step, as hanzhanggit/StackGAN-Pytorch does.
    """

    paper = "Zhang et al., 2017, arXiv:1612.03242"

    def __init__(
        self,
        data: DataSpec,
        *,
        share: Fraction = 0.5,
        first: tuple[str, ...] = ("matching_aware@first", "conditioning_kl@first"),
        then: tuple[str, ...] = ("matching_aware@second", "conditioning_kl@second"),
        share_fake: bool = False,
    ) -> None:
        self.share, self.first, self.then = share, frozenset(first), frozenset(then)
        self.share_fake = share_fake

    def plan(self, step: int, total: int) -> Plan:
        """The stage of ``step``."""
        if step < self.share * total:
            return Plan(share_fake=self.share_fake, losses=self.first, frozen=("generator.two", "critic.two"))
        return Plan(share_fake=self.share_fake, losses=self.then, frozen=("generator.one", "critic.one"))
