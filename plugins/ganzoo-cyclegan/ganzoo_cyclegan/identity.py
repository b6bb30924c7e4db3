"""The identity loss: what is of the wanted domain already stays as it is, for G from source x to sample y and F back.

generator:  weight * (mean |G(y) - y| + mean |F(x) - x|)

Zhu et al., 2017, arXiv:1703.10593; weight 5: half of the cycle's.
"""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge
from torch.nn.functional import l1_loss

from ganzoo import DataSpec, Loss, Scheduled, Terms, Turn, UserError


class IdentityMapping(Loss):
    """What is in the wanted domain already stays as it is; it keeps colours. Both domains must have as many channels.

    Args:
        weight: factor on both distances.
    """

    paper = "Zhu et al., 2017, arXiv:1703.10593"
    reads = frozenset({"source"})
    needs = frozenset({"back"})

    def __init__(self, data: DataSpec, *, weight: Annotated[Scheduled, Ge(0)] = 5.0) -> None:
        super().__init__()
        if (source := data.fields.get("source", data.shape)) != data.shape:
            what = f"loss identity_mapping wants domains of one shape; this data has 'source' of {source} and 'sample' of {data.shape}"
            raise UserError(what, "leave it out")
        self.weight = weight

    def generator_terms(self, turn: Turn) -> Terms:
        """Both distances."""
        source, sample, fields = turn.real["source"], turn.real["sample"], turn.real | turn.drawn
        kept_sample = turn.make(fields | {"source": sample})["sample"]
        kept_source = turn.make(fields | {"sample": source}, route="back")["source"]
        return {"identity": self.weight * (l1_loss(kept_sample, sample) + l1_loss(kept_source, source))}
