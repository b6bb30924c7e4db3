"""Distances between histograms and between samples of one number.

Legend of shapes: N samples, M samples of the other kind, K classes.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ganzoo import GanzooError, UserError


def kl_divergence(first: Tensor, second: Tensor) -> float:
    """KL(p || q) = sum of p ln(p / q) in nats, for histograms p and q.

    Args:
        first: p, (K,) counts or probabilities, >= 0, with a positive sum; it is normalised.
        second: q, likewise.

    Returns:
        A number >= 0; infinite where p has mass and q has none.

    Raises:
        UserError: for shapes that differ, or values that are no histogram.
    """
    p, q = first.to(torch.float64), second.to(torch.float64)
    if p.dim() != 1 or p.shape != q.shape:
        raise UserError(f"histograms of shapes {tuple(p.shape)} and {tuple(q.shape)} are compared", "give (K,) and (K,)")
    for name, histogram in (("first", p), ("second", q)):
        if not bool(torch.isfinite(histogram).all()) or bool((histogram < 0).any()) or float(histogram.sum()) <= 0:
            raise UserError(f"the {name} histogram has values that are negative or not finite, or is empty", "give counts or probabilities")
    p, q = p / p.sum(), q / q.sum()
    held = p > 0  # 0 ln 0 = 0
    return max(float((p[held] * (p[held] / q[held]).log()).sum()), 0.0)


def class_histogram(labels: Tensor, classes: int) -> Tensor:
    """(K,) int64 counts of the labels (N,) int64.

    Raises:
        UserError: for a label outside 0 to K - 1, or none at all.
    """
    if labels.dim() != 1 or len(labels) == 0 or int(labels.min()) < 0 or int(labels.max()) >= classes:
        found = f"from {int(labels.min())} to {int(labels.max())}" if labels.numel() else "none"
        raise UserError(
            f"labels of shape {tuple(labels.shape)}, {found}, are counted into {classes} classes",
            f"give (N,) labels from 0 to {classes - 1}",
        )
    return torch.bincount(labels, minlength=classes)


def class_kl(made: Tensor, reference: Tensor, classes: int) -> float:
    """KL(made || reference) between the class histograms of what was made and of the data, in nats.

    0 where every class is made as often as the data has it, ln(K) where one of K even classes is all that is made.

    Args:
        made: (N,) int64 class of each made sample, as a classifier sees it.
        reference: (M,) int64 classes of the data.
        classes: K.

    Raises:
        UserError: for labels outside 0 to K - 1.
        GanzooError: where a class was made that the reference has not, so that the divergence is infinite.
    """
    made_counts, reference_counts = class_histogram(made, classes), class_histogram(reference, classes).to(made.device)
    foreign = ((made_counts > 0) & (reference_counts == 0)).nonzero().flatten().tolist()
    if foreign:
        raise GanzooError(f"the class divergence is infinite: the reference holds no sample of class {', '.join(map(str, foreign))}")
    return kl_divergence(made_counts, reference_counts)


def earth_movers_1d(first: Tensor, second: Tensor) -> float:
    """Earth mover's distance between two samples of one number: the area between their distribution functions.

    For samples of one size that is the mean distance between the sorted values.
    Source: Ramdas, Garcia and Cuturi 2015, arXiv:1509.02237.

    Args:
        first: (N,) values.
        second: (M,) values of the same unit.

    Returns:
        A number >= 0, in the values' unit.

    Raises:
        UserError: for empty samples, or of another shape.
        GanzooError: for values that are not finite.
    """
    if first.dim() != 1 or second.dim() != 1 or not len(first) or not len(second):
        raise UserError(
            f"samples of shapes {tuple(first.shape)} and {tuple(second.shape)} are compared", "give (N,) and (M,), neither empty"
        )
    x, y = (np.sort(values.detach().cpu().numpy().astype(np.float64)) for values in (first, second))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise GanzooError("the earth mover's distance is not a number: some values are not finite")
    everywhere = np.sort(np.concatenate([x, y]))
    below = everywhere[:-1]  # on [below, next value) both distribution functions are constant
    gap = np.searchsorted(x, below, side="right") / len(x) - np.searchsorted(y, below, side="right") / len(y)
    return float(np.sum(np.abs(gap) * np.diff(everywhere)))
