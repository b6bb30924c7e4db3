"""Progressive GAN. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The generator that grows."""
    return {"progan": "ganzoo_progan.generator:ProGANGenerator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The critic that grows with it."""
    return {"progan": "ganzoo_progan.critic:ProGANCritic"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """What keeps real scores near 0, and what fades real pictures in."""
    return {"score_drift": "ganzoo_progan.drift:ScoreDrift", "fade_reals": "ganzoo_progan.fade:FadeReals"}


@hookimpl
def ganzoo_schedules() -> dict[str, str]:
    """When which stage is added."""
    return {"progressive": "ganzoo_progan.schedule:Progressive"}
