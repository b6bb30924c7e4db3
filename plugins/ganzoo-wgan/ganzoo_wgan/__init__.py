"""Wasserstein GAN: its loss, its weight clipping and its authors' schedule. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The distance, and the constraint that makes it one."""
    return {"wasserstein": "ganzoo_wgan.wasserstein:Wasserstein", "weight_clip": "ganzoo_wgan.weight_clip:WeightClip"}


@hookimpl
def ganzoo_schedules() -> dict[str, str]:
    """The schedule of the authors' code."""
    return {"wgan": "ganzoo_wgan.schedule:WGANSchedule"}
