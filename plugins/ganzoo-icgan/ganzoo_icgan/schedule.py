"""Two phases: the game, then the encoders."""

from __future__ import annotations

from ganzoo import DataSpec, Fraction, Plan, Schedule


class ThenEncoders(Schedule):
    """One update of each player a step, the encoders frozen; then the encoders alone, G frozen, with an optimizer of their own.

    Args:
        share: of the run that the game takes; published: 25 epochs of it, 15 of the encoders.
        first: names of the losses that act in it.
        then: names of those that train the encoders.
    """

    paper = "Perarnau et al., 2016, arXiv:1611.06355"

    def __init__(
        self,
        data: DataSpec,
        *,
        share: Fraction = 0.625,
        first: tuple[str, ...] = ("matching_attributes",),
        then: tuple[str, ...] = ("inversion",),
    ) -> None:
        self.share, self.first, self.then = share, frozenset(first), frozenset(then)

    def plan(self, step: int, total: int) -> Plan:
        """The phase of ``step``."""
        begins = self.share * total
        if step < begins:
            return Plan(losses=self.first, frozen=("generator.latent_encoder", "generator.attribute_encoder"))
        reset = ("generator",) if 0 < step < begins + 1 else ()
        return Plan(critic_updates=0, losses=self.then, frozen=("generator.decoder",), reset=reset)
