"""Adaptive discriminator augmentation: as many changes as the critic's overfitting asks for.

p <- p + sign(E sign(D(x)) - target) * images / ramp, within [0, 1], every ``interval`` critic updates, for the images shown meanwhile.
Karras et al., 2020, arXiv:2006.06676; numbers as in NVlabs/stylegan2-ada-pytorch.
"""

from __future__ import annotations

from torch import Tensor

from ganzoo import DataSpec, Fields, Fraction, Loss, PositiveFloat, PositiveInt, Turn

from .images import check_images
from .pipeline import changed
from .probability import Probability


class ADA(Loss):
    """Each kind of change happens to an image with the probability p, which follows the critic; added to any adversarial loss.

    Args:
        target: the mean sign of the scores of real images that p keeps up; above it the critic knows them by heart.
        interval: critic updates from one move of p to the next.
        ramp: images that take p from 0 to 1.
        start: the first p.
        flip: whether images may be mirrored and turned by quarters; not for digits and letters.
    """

    paper = "Karras et al., 2020, arXiv:2006.06676"
    scores = frozenset({"score"})

    def __init__(
        self,
        data: DataSpec,
        *,
        target: Fraction = 0.6,
        interval: PositiveInt = 4,
        ramp: PositiveFloat = 500_000.0,
        start: Fraction = 0.0,
        flip: bool = True,
    ) -> None:
        super().__init__()
        check_images(data, "ada")
        self.probability, self.flip = Probability(target, interval, ramp, start), flip

    def view(self, fields: Fields, place: str, turn: Turn) -> Fields:
        """Change "sample" wherever the critic looks."""
        return fields | {"sample": changed(fields["sample"], self.probability.p, self.flip)} if place == "judged" else fields

    def estimates(self, turn: Turn) -> dict[str, Tensor]:
        """The probability, for the log."""
        return {"ada_p": self.probability.p.clone()}

    def after(self, turn: Turn) -> None:
        """Look at the scores of real images."""
        if turn.side == "critic":
            scores = turn.real_scores["score"]
            self.probability.update(turn.mean(scores.sign().mean()), len(scores))
