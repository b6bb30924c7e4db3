"""DiffAugment: the critic sees real and fake images through the same kinds of random, differentiable changes, in both turns.

D(x) is D(T(x)) everywhere, with T = cut out . shift . colour, drawn anew for each image and each look.
T(x) = cutout(translation(color(x)))

Zhao et al., 2020, arXiv:2006.10738; strengths as in the authors' code (mit-han-lab/data-efficient-gans).
"""

from __future__ import annotations

from typing import Literal

from ganzoo import DataSpec, Fields, Loss, Turn

from .changes import brighten, contrast, cut_out, saturate, shift
from .images import check_images

Kind = Literal["color", "translation", "cutout"]


class DiffAugment(Loss):
    """Random changes of every image that the critic judges; added to any adversarial loss. Its gradient reaches the generator.

    Args:
        policy: which kinds, in this order. color: brightness, saturation, contrast; translation: by up to an eighth of a side, zeros
            come in; cutout: a square of half a side becomes 0.
    """

    paper = "Zhao et al., 2020, arXiv:2006.10738"

    def __init__(self, data: DataSpec, *, policy: tuple[Kind, ...] = ("color", "translation", "cutout")) -> None:
        super().__init__()
        check_images(data, "diffaugment")
        self.policy = policy

    def view(self, fields: Fields, place: str, turn: Turn) -> Fields:
        """Change "sample" wherever the critic looks; a penalty's own points too."""
        if place != "judged":
            return fields
        images = fields["sample"]
        for kind in self.policy:
            if kind == "color":
                images = contrast(saturate(brighten(images)))
            else:
                images = shift(images, 1 / 8) if kind == "translation" else cut_out(images, 1 / 2)
        return fields | {"sample": images}
