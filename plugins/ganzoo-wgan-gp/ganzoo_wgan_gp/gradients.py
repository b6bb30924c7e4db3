"""The critic's gradient with respect to what it judges: what every gradient penalty needs."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import Fields, Turn


def score_gradients(turn: Turn, fields: Fields) -> Tensor:
    """Gradient of each sample's score with respect to that sample, as one row a sample; it can be differentiated again.

    A patch critic's score of a sample (N, h, w) is the mean over its patches, which is what losses average: the penalty does
    not grow with the number of patches. (The authors' critics give one score a sample, where the two are the same.)

    Args:
        turn: the turn whose critic judges.
        fields: what is judged; "sample" (N, *shape) and what else the critic asks for (a label goes along).

    Returns:
        (N, D) with D the number of values of one sample: all of C, H and W.
    """
    sample = fields["sample"].detach().requires_grad_()
    score = turn.judge(fields | {"sample": sample})["score"]
    if score.dim() > 1:
        score = score.flatten(1).mean(dim=1)
    # Scores do not depend on each other's samples (per_sample), so the sum's gradient holds each one's own.
    (gradients,) = torch.autograd.grad(score.sum(), sample, create_graph=True)
    return gradients.flatten(1)
