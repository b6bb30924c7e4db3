"""pix2pix's U-Net. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The U-Net."""
    return {"unet": "ganzoo_pix2pix.unet:UNet"}
