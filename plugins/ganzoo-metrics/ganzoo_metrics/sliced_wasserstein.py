"""The sliced Wasserstein distance between patches, for images of any kind and without a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from ganzoo import DataSpec, Fields, Metric, PositiveInt, Subject, UserError
from ganzoo.metrics import Fact

from .networks import shape_text
from .patches import patch_distances
from .pyramid import SMALLEST, level_sizes


class SlicedWasserstein(Metric):
    """Sliced Wasserstein distance between small patches of made and of real images, at each scale; it needs no network.

    Numbers: ``swd``, the mean over the levels of the Laplacian pyramid; ``swd_64``, ``swd_32``, ``swd_16`` and so on, one
    for each level, named by the pixels of its shorter side: fine levels judge texture, coarse ones form. Levels halve the
    image while 16 pixels are left, so images of 28x28 have one. Only ``swd`` is ranked. Papers report them times 1,000.

    Two draws of the same data are near 0, the nearer the larger N is, so numbers of another N are not comparable.

    Args:
        samples: made samples N, and as many real ones; the paper takes 16,384. Time and memory grow with N: 8,192 colour
            images of 64x64 take 1.7 GB and three minutes of one core.
        split: part of the data to compare with; null: the one trained on.
        patches: patches of 7x7 pixels from each image at each level.
        directions: random directions that their values are projected onto.
    """

    paper = "Karras, Aila, Laine and Lehtinen 2018, arXiv:1710.10196"
    better = {"swd": "lower"}

    def __init__(
        self,
        data: DataSpec,
        *,
        samples: PositiveInt = 8192,
        split: str | None = None,
        patches: PositiveInt = 128,
        directions: PositiveInt = 512,
    ) -> None:
        if not data.is_image:
            raise UserError(f"patches are cut from images, this data is {shape_text(data)}", "use another metric for it ('modes' for toys)")
        self.names = [f"swd_{min(size)}" for size in level_sizes(*data.shape[1:])]
        if not self.names:
            raise UserError(
                f"patches are cut from images of at least {SMALLEST}x{SMALLEST}, this data is {shape_text(data)}", "use larger images"
            )
        self.samples, self.split, self.patches, self.directions = samples, split, patches, directions

    def prepare(self, subject: Subject) -> None:
        """Make sure that there are enough real samples: as many as made ones."""
        count = subject.real_count(split=self.split)
        if count < self.samples:
            where = f"the split '{self.split}'" if self.split else "the data"
            raise UserError(
                f"{self.samples} real samples are compared with as many made ones, {where} has {count}", f"set samples to at most {count}"
            )

    def provenance(self) -> Mapping[str, Fact]:
        """How many levels, patches and directions."""
        return {"levels": len(self.names), "patches": self.patches, "directions": self.directions}

    def measure(self, subject: Subject) -> Mapping[str, float]:
        """The mean distance and each level's."""
        real = _collect(subject.real(self.samples, self.split))
        made = _collect(subject.generated(self.samples))
        levels = patch_distances(real, made, patches=self.patches, directions=self.directions)
        return {"swd": sum(levels) / len(levels), **dict(zip(self.names, levels, strict=True))}


def _collect(batches: Iterator[Fields]) -> Tensor:
    """All samples (N, C, H, W) as the uint8 that they are levels of: a quarter of the memory."""
    return torch.cat([fields["sample"].add(1).mul(127.5).round().to(torch.uint8) for fields in batches])
