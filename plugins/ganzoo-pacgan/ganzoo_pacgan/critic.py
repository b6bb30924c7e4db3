"""PacGAN's critic: another one that judges packs of several samples, so that a lack of variety shows."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ganzoo import AnyCritic, ContractError, Critic, DataSpec, PositiveInt, Scores


class Pac(Critic):
    """Another critic on packs of m samples, joined along their first axis: "sample" (N, *shape) to raw "score" (N, *).

    Samples i m to i m + m - 1 are a pack, whose score each of them gets. Where m does not divide N, the last pack takes its
    missing samples from the first ones. Lin et al., 2018, arXiv:1712.04086.

    Args:
        critic: the critic of packs, which reads "sample" and gives "score" alone.
        m: samples in a pack; 1 leaves the critic as it is.
    """

    paper = "Lin et al., 2018, arXiv:1712.04086"

    def __init__(self, data: DataSpec, *, critic: AnyCritic, m: PositiveInt = 2) -> None:
        super().__init__()
        first, *rest = data.fields["sample"]
        self.packed = critic(replace(data, fields={**data.fields, "sample": (m * first, *rest)}))
        self.m, self.norm, self.mixes_batch = m, self.packed.norm, "statistic" if m > 1 else False
        port = self.packed.port()
        if port is None or port.reads != ("sample",) or port.gives != {"score"}:
            what = f"{type(self.packed).__name__} reads or gives more than the score of a sample, and packs have no label"
            raise ContractError(what, "choose a critic of samples alone", key="critic")

    def forward(self, sample: Tensor) -> Scores:
        """Judge packs.

        Args:
            sample: (N, *shape); images in [-1, 1].

        Returns:
            Raw "score" (N, *): the same for each sample of a pack.
        """
        n = len(sample)
        packs = -(-n // self.m)
        members = torch.arange(packs * self.m, device=sample.device) % n
        score = self.packed(sample=sample[members].reshape(packs, -1, *sample.shape[2:]))["score"]
        return {"score": score.repeat_interleave(self.m, dim=0)[:n]}
