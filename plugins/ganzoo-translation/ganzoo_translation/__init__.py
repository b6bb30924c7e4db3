"""Parts that image-to-image systems share. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The critics of patches."""
    return {"patchgan": "ganzoo_translation.patches:PatchCritic", "patchgan_pair": "ganzoo_translation.patches:PairedPatchCritic"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """Distances to the right answer, and the pool of earlier fakes."""
    return {
        "image_pool": "ganzoo_translation.pool:ImagePool",
        "pixel_l1": "ganzoo_translation.pixel_l1:PixelL1",
        "pixel_l2": "ganzoo_translation.pixel_l2:PixelL2",
    }
