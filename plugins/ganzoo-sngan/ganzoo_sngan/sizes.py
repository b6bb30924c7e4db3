"""The sizes of images that these networks serve."""

from __future__ import annotations

from ganzoo import DataSpec, UserError


def halvings(data: DataSpec, who: str) -> tuple[int, int]:
    """Side of the innermost feature map, and how often the image's side halves down to it.

    Raises:
        UserError: where ``data`` is not a square image of a size that halves down to the base.
    """
    side = data.shape[-1]
    if not data.is_image or data.shape[1:] != (side, side) or side not in (16, 28, 32, 64, 128, 256):
        raise UserError(
            f"{who} serves square images of 16, 28, 32, 64, 128 or 256 pixels; this data's samples have the shape {data.shape}",
            "choose another size of the data, or networks that serve this shape",
        )
    base = 7 if side == 28 else 4
    return base, (side // base).bit_length() - 1  # log2
