"""Latent consistency regularisation (zCR): near latents have the same score, and do not give the same sample.

critic:     critic * mean (D(G(z)) - D(G(z + noise e)))^2,    e ~ N(0, 1)
generator:  -generator * mean (G(z) - G(z + noise e))^2

Zhao et al., 2020, arXiv:2002.04724.
"""

from __future__ import annotations

import torch

from ganzoo import ContractError, DataSpec, Fields, Loss, NonNegativeFloat, Terms, Turn


class LatentConsistency(Loss):
    """Added to an adversarial loss whose generator draws "latent"; with ``consistency`` it is the paper's ICR.

    Args:
        critic: factor on the critic's term.
        generator: factor on the generator's term, which keeps it from ignoring its latent.
        noise: standard deviation of what is added to each number of the latent.
    """

    paper = "Zhao et al., 2020, arXiv:2002.04724"
    scores = frozenset({"score"})

    def __init__(
        self, data: DataSpec, *, critic: NonNegativeFloat = 5.0, generator: NonNegativeFloat = 0.5, noise: NonNegativeFloat = 0.03
    ) -> None:
        super().__init__()
        self.critic, self.generator, self.noise = critic, generator, noise

    def critic_terms(self, turn: Turn) -> Terms:
        """The squared change of each fake's score."""
        change = turn.fake_scores["score"] - turn.judge(self._neighbours(turn))["score"]
        return {"latent_consistency": self.critic * change.square().mean()}

    def generator_terms(self, turn: Turn) -> Terms:
        """The squared change of each value of each fake, to be large."""
        change = turn.fake["sample"] - self._neighbours(turn)["sample"]
        return {"latent_consistency": -self.generator * change.square().mean()}

    def _neighbours(self, turn: Turn) -> Fields:
        if "latent" not in turn.drawn:
            raise ContractError("loss latent_consistency moves the latent, and this generator draws none", "leave the loss out", key="loss")
        latent = turn.drawn["latent"]
        return turn.make(turn.real | turn.drawn | {"latent": latent + self.noise * torch.randn_like(latent)})
