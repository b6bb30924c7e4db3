"""DiffAugment and adaptive discriminator augmentation (ADA), for any networks of images. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """Losses without a term of their own: they change what the critic sees."""
    return {
        "diffaugment": "ganzoo_augment.diffaugment:DiffAugment",
        "ada": "ganzoo_augment.ada:ADA",
        "augment": "ganzoo_augment.augment:Augment",
    }
