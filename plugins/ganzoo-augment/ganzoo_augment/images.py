"""The test of data for augmentation: images."""

from __future__ import annotations

from ganzoo import DataSpec, UserError


def check_images(data: DataSpec, who: str) -> None:
    """Refuse what is not an image.

    Raises:
        UserError: where samples are not (C, H, W).
    """
    if not data.is_image:
        what = f"loss {who} changes images; this data's samples have the shape {data.shape}"
        raise UserError(what, "choose data of images, or leave the loss out")
