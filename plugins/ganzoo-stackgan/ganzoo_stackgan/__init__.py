"""StackGAN: pictures from captions, in two stages. It imports no torch.

Public for other networks: ``augmentation.Condition`` and ``augmentation.drawn``, conditioning augmentation.
"""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """Both stages in one generator."""
    return {"stackgan": "ganzoo_stackgan.generator:StackGenerator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """A critic of pictures and texts for each stage."""
    return {"stackgan": "ganzoo_stackgan.critic:StackCritic"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The game about pictures that match their texts, and the divergence of the conditioning augmentation."""
    return {"matching_aware": "ganzoo_stackgan.losses:MatchingAware", "conditioning_kl": "ganzoo_stackgan.augmentation:ConditioningKL"}


@hookimpl
def ganzoo_schedules() -> dict[str, str]:
    """The first stage, then the second."""
    return {"two_stages": "ganzoo_stackgan.schedule:TwoStages"}
