"""CycleGAN: translation both ways without pairs. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """Two translators."""
    return {"cyclegan": "ganzoo_cyclegan.generator:CycleGANGenerator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """A critic of patches for each domain."""
    return {"cyclegan": "ganzoo_cyclegan.critic:CycleGANCritic"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """There and back again, and nothing to do."""
    return {
        "cycle_consistency": "ganzoo_cyclegan.cycle:CycleConsistency",
        "identity_mapping": "ganzoo_cyclegan.identity:IdentityMapping",
    }
