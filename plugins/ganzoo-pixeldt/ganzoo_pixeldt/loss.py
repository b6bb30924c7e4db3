"""PixelDTGAN's objectives, of a real/fake discriminator D and one of pairs A, on raw scores; z(t) = softplus((1 - 2t) score).

Of a source x with its target y, another target y' of the data, and the converted C(x):

critic:     (z_D(y, 1) + z_D(y', 1) + z_D(C(x), 0)) / 3 + (z_A(x, y, 1) + z_A(x, y', 0) + z_A(x, C(x), 0)) / 3
generator:  (z_D(C(x), 1) + z_A(x, C(x), 1)) / 2

Yoo et al., 2016, arXiv:1603.07442; means over the three kinds as in fxia22/PixelDTGAN.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from ganzoo import DataSpec, Loss, Terms, Turn, UserError


class DomainTransfer(Loss):
    """What is made must look real, and belong to its source. The strange target y' is the next one of the batch."""

    paper = "Yoo et al., 2016, arXiv:1603.07442"
    scores = frozenset({"score", "association"})
    mixes_batch = True

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        if data.independent:
            what = f"loss domain_transfer wants pairs, and this data's '{data.independent[0]}' is not paired with 'sample'"
            raise UserError(what, "choose data of pairs, such as 'paired'")

    def critic_terms(self, turn: Turn) -> Terms:
        """Three kinds of pictures, of two discriminators."""
        target = turn.real["sample"]
        if len(target) < 2:
            raise UserError(
                "loss domain_transfer compares targets of a batch, and this one has one", "make it 2 or more", key="train.batch_size"
            )
        real, strange = turn.real_scores, turn.judge({**turn.real, "sample": target.roll(1, dims=0)})
        fake = turn.fake_scores
        judged = costs(real["score"], True) + costs(strange["score"], True) + costs(fake["score"], False)
        paired = costs(real["association"], True) + costs(strange["association"], False) + costs(fake["association"], False)
        return {"adversarial": judged / 3, "association": paired / 3}

    def generator_terms(self, turn: Turn) -> Terms:
        """Both are to take it for right."""
        fake = turn.fake_scores
        return {"adversarial": costs(fake["score"], True) / 2, "association": costs(fake["association"], True) / 2}


def costs(score: Tensor, wanted: bool) -> Tensor:
    """Binary cross entropy of raw scores (N,) with one label, averaged."""
    return softplus(-score if wanted else score).mean()
