"""Conditioning augmentation, for any network: the layer that makes a distribution of a text e, and its divergence, meant over dimensions.

generator:  w KL(N(mean(e), variance(e)) || N(0, I))

Zhang et al., 2017, arXiv:1612.03242; as in hanzhanggit/StackGAN.
"""

from __future__ import annotations

from torch import Tensor, nn

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


class Condition(nn.Module):
    """A text (N, D) as mean and logarithm of the variance (N, C) of a normal distribution; D is ``text``, C ``length``."""

    def __init__(self, text: int, length: int) -> None:
        super().__init__()
        self.net = nn.Linear(text, 2 * length)
        # Means of some standard deviations apart, lest the noise drown them: a caption has few words, and a learning rate is short.
        nn.init.normal_(self.net.weight[:length])
        nn.init.zeros_(self.net.weight[length:])
        nn.init.zeros_(self.net.bias)

    def forward(self, text: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance."""
        mean, log_variance = nn.functional.leaky_relu(self.net(text), 0.2).chunk(2, dim=1)
        return mean, log_variance


def drawn(condition: tuple[Tensor, Tensor], jitter: Tensor) -> Tensor:
    """A condition (N, C) of mean and logarithm of the variance by standard normal ``jitter`` (N, C)."""
    mean, log_variance = condition
    return mean + (log_variance / 2).exp() * jitter
