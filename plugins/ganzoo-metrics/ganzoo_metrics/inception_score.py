"""Inception score: are single images recognisable, and all together diverse?

Legend of shapes: N samples, K classes.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo import GanzooError, UserError


class InceptionScore(NamedTuple):
    """Mean and standard deviation over the splits, as papers report it."""

    mean: float
    deviation: float


def inception_score(logits: Tensor, *, splits: int = 10) -> InceptionScore:
    """exp(E KL(p(y|x) || p(y))), from 1 (nothing recognised, or all alike) to K.

    Source: Salimans, Goodfellow, Zaremba, Cheung, Radford and Chen 2016, arXiv:1606.03498, on 50,000 images in 10 splits.
    It knows nothing of the real data.

    Args:
        logits: (N, K) of any floating type, in the order in which they were made.
        splits: parts the score is computed on, each with a p(y) of its own: split i goes from i * N // splits on, as in the authors' code.

    Raises:
        UserError: where there are fewer samples than splits.
        GanzooError: for logits that are not finite.
    """
    if logits.dim() != 2:
        raise UserError(f"logits of shape {tuple(logits.shape)} are scored", "give (N, K)")
    require_splits(len(logits), splits)
    if not bool(torch.isfinite(logits).all()):
        raise GanzooError("the inception score is not a number: some logits are not finite")
    log_given = logits.to(torch.float64).log_softmax(dim=1)  # log p(y|x), (N, K)
    cuts = [i * len(logits) // splits for i in range(splits + 1)]
    scores = torch.stack([_score(log_given[start:end]) for start, end in pairwise(cuts)])
    return InceptionScore(float(scores.mean()), float(scores.std(correction=0)))


def require_splits(count: int, splits: int) -> None:
    """Refuse fewer samples than splits.

    Raises:
        UserError: saying how many samples are needed.
    """
    if splits < 1 or count < splits:
        raise UserError(f"{count} samples are divided into {splits} splits", f"use at least {max(splits, 1)} samples and 1 split")


def _score(log_given: Tensor) -> Tensor:
    log_marginal = (
        log_given.logsumexp(dim=0) - torch.tensor(len(log_given), dtype=torch.float64, device=log_given.device).log()
    )  # log p(y), (K,)
    return (log_given.exp() * (log_given - log_marginal)).sum(dim=1).mean().exp()
