"""Context encoders. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The network that fills holes."""
    return {"context_encoder": "ganzoo_context_encoder.networks:ContextEncoder"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The critic of what fills them."""
    return {"context_encoder": "ganzoo_context_encoder.networks:PatchInHole"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The distance to the truth in the hole."""
    return {"reconstruction": "ganzoo_context_encoder.loss:Reconstruction"}


@hookimpl
def ganzoo_metrics() -> dict[str, str]:
    """The distance to the truth in the hole, beside that of the mean."""
    return {"inpainting": "ganzoo_context_encoder.metric:Inpainting"}
