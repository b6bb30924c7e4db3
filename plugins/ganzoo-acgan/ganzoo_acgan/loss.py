"""AC-GAN's classification term: both players want samples to be recognised as what their label says.

critic:     CE(c(x), y) + CE(c(G(z, y')), y')
generator:  CE(c(G(z, y')), y')

with c the critic's raw label logits and CE the cross entropy, in nats. It is added to an adversarial loss. Odena et
al., 2017, arXiv:1610.09585: the log-likelihood L_C of the correct class, here with its sign turned.
"""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge
from torch import Tensor
from torch.nn.functional import cross_entropy

from ganzoo import DataSpec, Fields, Loss, Scheduled, Scores, Terms, Turn


class LabelClassification(Loss):
    """Cross entropy between the critic's label logits and the labels, of real samples and of fakes.

    Args:
        weight: factor on the classification terms of both sides.
        learn_fakes: whether the critic also learns to classify fakes, as published. It then comes to agree with the
            generator's mistakes; false lets it learn from real samples alone, and the labels are obeyed better.
    """

    paper = "Odena et al., 2017, arXiv:1610.09585"
    reads = frozenset({"label"})
    scores = frozenset({"label_logits"})

    def __init__(self, data: DataSpec, *, weight: Annotated[Scheduled, Ge(0)] = 1.0, learn_fakes: bool = True) -> None:
        super().__init__()
        self.weight, self.learn_fakes = weight, learn_fakes

    def critic_terms(self, turn: Turn) -> Terms:
        """Classify real samples and fakes; a fake's label is the one it was made for."""
        if not self.learn_fakes:
            return {"label_real": self.weight * classification(turn.real_scores, turn.real)}
        real, fake = turn.both_scores
        return {
            "label_real": self.weight * classification(real, turn.real),
            "label_fake": self.weight * classification(fake, turn.fake),
        }

    def generator_terms(self, turn: Turn) -> Terms:
        """Make samples that are classified as what they were made for."""
        return {"label_fake": self.weight * classification(turn.fake_scores, turn.fake)}


def classification(scores: Scores, fields: Fields) -> Tensor:
    """Mean cross entropy of raw "label_logits" (N, K) against "label" (N,), in nats.

    ``cross_entropy`` applies the softmax itself: a critic that already did would flatten the gradient.
    """
    return cross_entropy(scores["label_logits"], fields["label"])
