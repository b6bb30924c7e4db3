"""R3GAN's networks, without labels and with them. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The generator, without labels and with them."""
    return {
        "r3gan": "ganzoo_r3gan.generator:R3Generator",
        "r3gan_conditional": "ganzoo_r3gan.generator:ConditionalR3Generator",
    }


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The critic, without labels and with them."""
    return {
        "r3gan": "ganzoo_r3gan.critic:R3Critic",
        "r3gan_conditional": "ganzoo_r3gan.critic:ConditionalR3Critic",
    }
