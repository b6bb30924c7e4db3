"""The base of distances in pixels: which pictures are compared, and that there are pairs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganzoo import DataSpec, Turn, UserError


def total(distance: Callable[[Tensor, Tensor], Tensor], turn: Turn) -> Tensor:
    """The distances of what is made to what is right, (N, ...) each, over the fields that are compared along the turn's route."""
    return torch.stack([distance(turn.fake[name], turn.real[name]) for name in turn.compared]).sum()


def refuse_strangers(name: str, data: DataSpec) -> None:
    """Refuse data whose rows do not belong together.

    Raises:
        UserError: where a field is not paired with "sample".
    """
    if data.independent:
        what = f"loss {name} compares pairs, and this data's '{data.independent[0]}' is not paired with 'sample'"
        raise UserError(what, "choose data of pairs, or a loss that needs none, such as a cycle's")
