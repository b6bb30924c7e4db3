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
        turn: the turn whose critic judges, along its route.
        fields: what is judged; ``turn.compared``, "sample" (N, *shape) as a rule, and what else the critic asks for (a label goes along).

    Returns:
        (N, D) with D the number of values of one sample in all fields that are compared.
    """
    leaves = {name: fields[name].detach().requires_grad_() for name in turn.compared}
    score = turn.judge(fields | leaves)["score"]
    if score.dim() > 1:
        score = score.flatten(1).mean(dim=1)
    # Scores do not depend on each other's samples (per_sample), so the sum's gradient holds each one's own.
    gradients = torch.autograd.grad(score.sum(), list(leaves.values()), create_graph=True)
    return torch.cat([gradient.flatten(1) for gradient in gradients], 1) if len(gradients) > 1 else gradients[0].flatten(1)
