"""Known answers to changes of digits: the bundled classifier tells the class, thickness is measured.

Legend: N pairs, H x W pixels.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from ganzoo_metrics.digit_classifier import load_digit_classifier
from torch import Tensor

from ganzoo import DataSpec, Metric, PositiveInt, Subject, UserError

from .digits import CLASSES
from .thickness import is_thick


class ChangedDigits(Metric):
    """The share of digits of `attributed_digits` that were changed as asked, and how near they are to what they were.

    Numbers: ``recognised``, the share that has what was asked for: ``class``, of those that were to become another digit;
    ``thickness``, of those that were to become thick or thin. ``kept_class``: of the latter, the share that are still the same digit;
    ``kept_thickness`` likewise of the former. ``of_random``: of the latter, the mean absolute difference to what they were, as a share of
    that of random pairs of digits; ``of_random_class`` likewise of the former.

    Args:
        samples: digits N, the first of them; null: all of the split.
        split: part of the data whose digits are changed; null: the one trained on.
    """

    paper = "of this project: the bundled classifier, and the thickness that the data set measures"
    better = {**dict.fromkeys(("recognised", "class", "thickness", "kept_class", "kept_thickness"), "higher"), "of_random": "lower"}

    def __init__(self, data: DataSpec, *, samples: PositiveInt | None = None, split: str | None = None) -> None:
        if data.fields.get("attributes") != (CLASSES + 1,) or data.classes != CLASSES + 2 or data.shape[0] != 1:
            has = ", ".join(f"{name} {tuple(shape)}" for name, shape in data.fields.items())
            what = f"metric changed_digits judges changes of the data set 'attributed_digits'; this data has {has}"
            raise UserError(what, "use another metric")
        self.samples, self.split = samples, split

    def prepare(self, subject: Subject) -> None:
        """See that digits are changed."""
        next(iter(subject.pairs(1, self.split)))

    def measure(self, subject: Subject) -> Mapping[str, float]:
        """All seven."""
        pairs = list(subject.pairs(self.samples, self.split))
        made, were, had, label = (torch.cat([pair[name] for pair in pairs]) for name in ("sample", "target", "attributes", "label"))
        digit, thick = seen(made)
        of_class, to_thick = label < CLASSES, label == CLASSES + 1
        same_digit, same_thickness = digit == had[:, :CLASSES].argmax(dim=1), thick == (had[:, CLASSES] > 0)
        as_asked = torch.where(of_class, digit == label, thick == to_thick)
        random = far(were, were.roll(1, 0)).mean()
        moved = far(made, were) / random
        return {
            "recognised": share(as_asked),
            "class": share(as_asked[of_class]),
            "thickness": share(as_asked[~of_class]),
            "kept_class": share(same_digit[~of_class]),
            "kept_thickness": share(same_thickness[of_class]),
            "of_random": share(moved[~of_class]),
            "of_random_class": share(moved[of_class]),
        }


def seen(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Of digits (N, 1, H, W) in [-1, 1] the class (N,), and whether they are thick (N,)."""
    classifier = load_digit_classifier().to(pictures)
    with torch.no_grad():
        digit = torch.cat([classifier(part).argmax(dim=1) for part in torch.split(pictures, 250)])
    return digit, is_thick(((pictures + 1) * 127.5).round())


def far(first: Tensor, second: Tensor) -> Tensor:
    """The mean absolute difference of pictures (N, C, H, W), (N,)."""
    return (first - second).abs().double().flatten(1).mean(dim=1)


def share(values: Tensor) -> float:
    """The mean of ``values`` (N,); 0 of none."""
    return float(values.double().mean()) if len(values) else 0.0
