"""ADA's changes of images with a probability that is given, for the whole run or as a curve, rather than measured.

critic:     D(T(x)) and D(T(G(z))), each kind of change T with the probability p
generator:  D(T(G(z)))

Changes: Karras et al., 2020, arXiv:2006.06676. R3GAN lets the probability rise along the run (Huang et al., 2025, arXiv:2501.05441).
"""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Ge, Le

from ganzoo import DataSpec, Fields, Loss, Scheduled, Turn

from .images import check_images
from .pipeline import changed


class Augment(Loss):
    """Each kind of change happens to an image with the probability p, wherever the critic looks; added to any adversarial loss.

    Args:
        p: the probability; it may be a curve.
        flip: whether images may be mirrored and turned by quarters; not for digits and letters.
    """

    paper = "Karras et al., 2020, arXiv:2006.06676"

    def __init__(self, data: DataSpec, *, p: Annotated[Scheduled, Ge(0), Le(1)] = 0.2, flip: bool = True) -> None:
        super().__init__()
        check_images(data, "augment")
        self.p, self.flip = p, flip

    def view(self, fields: Fields, place: str, turn: Turn) -> Fields:
        """Change "sample" wherever the critic looks."""
        if place != "judged":
            return fields
        sample = fields["sample"]
        p = self.p if isinstance(self.p, torch.Tensor) else torch.full((), self.p, device=sample.device)
        return fields | {"sample": changed(sample, p, self.flip)}
