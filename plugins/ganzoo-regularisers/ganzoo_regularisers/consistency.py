"""Consistency regularisation (CR, bCR): an image and its shifted, mirrored copy T get the same score.

critic:  real * mean (D(x) - D(T(x)))^2 + fake * mean (D(G(z)) - D(T(G(z))))^2

Zhang et al., 2020, arXiv:1910.12027 (CR: fake = 0); Zhao et al., 2020, arXiv:2002.04724 (bCR: both sides).
"""

from __future__ import annotations

from torch import Tensor

from ganzoo import DataSpec, Fields, Loss, NonNegativeFloat, NonNegativeInt, Scores, Terms, Turn, UserError

from .transforms import shift_and_flip


class Consistency(Loss):
    """Makes the critic blind to changes that do not matter; added to an adversarial loss on images.

    Args:
        real: factor on the term of real samples.
        fake: factor on the term of fakes; 0 is CR, whose generator may learn the transformations' traces.
        shift: how far an image is moved at most, in pixels.
        flip: whether half of the copies are mirrored; not for digits and letters.
    """

    paper = "Zhang et al., 2020, arXiv:1910.12027; Zhao et al., 2020, arXiv:2002.04724"
    scores = frozenset({"score"})

    def __init__(
        self,
        data: DataSpec,
        *,
        real: NonNegativeFloat = 10.0,
        fake: NonNegativeFloat = 10.0,
        shift: NonNegativeInt = 4,
        flip: bool = True,
    ) -> None:
        super().__init__()
        if not data.is_image or shift >= min(data.shape[1:]):
            raise UserError(
                f"loss consistency moves images by {shift} pixels; this data's samples have the shape {data.shape}",
                "choose images larger than the shift, or leave the loss out",
            )
        self.real, self.fake, self.shift, self.flip = real, fake, shift, flip

    def critic_terms(self, turn: Turn) -> Terms:
        """The squared change of each score, on the sides whose factor is not 0."""
        real, fake = turn.both_scores
        sides = {"consistency_real": (self.real, turn.real, real), "consistency_fake": (self.fake, turn.fake, fake)}
        return {name: factor * self._change(turn, fields, scores) for name, (factor, fields, scores) in sides.items() if factor}

    def _change(self, turn: Turn, fields: Fields, scores: Scores) -> Tensor:
        copies = fields | {"sample": shift_and_flip(fields["sample"], self.shift, self.flip)}
        return (scores["score"] - turn.judge(copies)["score"]).square().mean()
