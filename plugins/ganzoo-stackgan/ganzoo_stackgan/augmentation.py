"""The divergence of conditioning augmentation, of a text e, meant over the dimensions.

generator:  w KL(N(mean(e), variance(e)) || N(0, I))

Zhang et al., 2017, arXiv:1612.03242; as in hanzhanggit/StackGAN.
"""

from __future__ import annotations

from ganzoo import DataSpec, Loss, NonNegativeFloat, Terms, Turn


class ConditioningKL(Loss):
    """Keeps the distribution that a text is turned into near the standard normal one, so that texts between known ones make sense.

    Args:
        weight: w of the divergence, meant over its dimensions.
    """

    paper = "Zhang et al., 2017, arXiv:1612.03242"
    needs = frozenset({"text_mean", "text_log_variance"})

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 2.0) -> None:
        super().__init__()
        self.weight = weight

    def generator_terms(self, turn: Turn) -> Terms:
        """The divergence, in nats a dimension."""
        mean, log_variance = turn.made["text_mean"], turn.made["text_log_variance"]
        return {"conditioning": self.weight * (mean.square() + log_variance.exp() - 1 - log_variance).mean() / 2}
