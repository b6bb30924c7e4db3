"""The auxiliary classifier GAN: networks that take and give labels, and the loss that ties them. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The generator that takes a label."""
    return {"acgan": "ganzoo_acgan.networks:ACGANGenerator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The critic that also classifies."""
    return {"acgan": "ganzoo_acgan.networks:ACGANCritic"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The classification loss, added to any adversarial one."""
    return {"label_classification": "ganzoo_acgan.loss:LabelClassification"}
