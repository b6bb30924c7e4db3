"""The two players: a Generator makes fields of a batch, a Critic judges a batch."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm
from torch.nn.modules.dropout import _DropoutNd as Dropout

from .fields import Fields

SYNCHRONISED = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
"""The norms that see the whole batch where processes have a share of it each: exactly torch's own, as a subclass may do more."""


class Generator(nn.Module):
    """Makes fields out of fields: usually "sample" out of "latent".

    A subclass's constructor takes ``data: DataSpec`` and keyword-only parameters (these are its YAML keys), calls
    ``super().__init__()`` and sets ``latent_dim``. Its ``forward`` names the fields it needs as arguments and returns
    exactly the fields in ``gives``: images (N, C, H, W) in [-1, 1], points (N, 2).
    """

    paper: ClassVar[str] = ""
    """Where the network comes from: authors, year, identifier."""
    latent_dim: int = 0
    """Length L of "latent"; 0: no noise."""
    gives: frozenset[str] = frozenset({"sample"})
    """The fields that ``forward`` returns: no more, no fewer."""

    def draw(self, n: int, device: torch.device | None = None) -> Fields:
        """Draw ``n`` times from the prior: by default {"latent": (n, L) standard normal}.

        A drawn "label" (n,) replaces the batch's on the fake side.
        """
        if self.latent_dim == 0:
            return {}
        return {"latent": torch.randn(n, self.latent_dim, device=device)}


class Critic(nn.Module):
    """Judges a batch: RAW scores, never a sigmoid.

    A subclass's constructor takes ``data: DataSpec`` and keyword-only parameters and calls ``super().__init__()``. Its
    ``forward`` names the fields it needs and returns exactly the scores in ``gives``: "score" (N,), "label_logits" (N, K).
    The N samples are real ones, fakes, or both; what a forward keeps for the next one belongs in a buffer.
    """

    paper: ClassVar[str] = ""
    """Where the network comes from: authors, year, identifier."""
    gives: frozenset[str] = frozenset({"score"})
    """The scores that ``forward`` returns: no more, no fewer."""
    norm: str = "none"
    """The normalisation used, in words; shown in messages."""
    mixes_batch: bool = False
    """Whether one sample's score depends on the others' (batch norm, minibatch discrimination)."""


def mixes_batch(critic: Critic) -> bool:
    """Whether one sample's score depends on the others': declared, or evident from a batch norm inside."""
    return critic.mixes_batch or any(isinstance(module, BatchNorm) for module in critic.modules())


def judges_each_alone(critic: Critic) -> bool:
    """Whether it makes no difference to a sample's score, but for rounding, what else is in its forward.

    Nothing mixes the batch, no units are dropped at random, and a forward has nothing to change: there are no buffers, and no
    parameters that rest.
    """
    if mixes_batch(critic) or any(isinstance(module, Dropout) for module in critic.modules()):
        return False
    return next(critic.buffers(), None) is None and all(parameter.requires_grad for parameter in critic.parameters())
