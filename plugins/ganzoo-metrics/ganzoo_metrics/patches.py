"""The sliced Wasserstein distance between small patches of two sets of images, at each level of their Laplacian pyramids.

Memory: one level's descriptors of both sets are held, and the projections onto a few directions. All projections of a patch
would be more values (512) than its descriptor has (147 in colour), so they are made and dropped.

Legend of shapes: N images, C channels, H rows, W columns, P patches of an image, M = N P descriptors, D = 49 C values of a
descriptor, K directions.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import UserError

from .pyramid import SMALLEST, laplacian_pyramid, level_sizes

PATCH = 7
"""Rows and columns of a patch."""
_IMAGES = 64
"""Images whose pyramids are made at once."""
_DIRECTIONS = 32
"""Directions that are projected onto at once."""


def patch_distances(real: Tensor, made: Tensor, *, patches: int = 128, directions: int = 512, seed: int = 0) -> list[float]:
    """The sliced Wasserstein distance between the patches of two sets of images, level by level.

    At each level ``patches`` random patches are cut from every image. They are normalised, each set by the mean and the
    deviation of its own colour channels, and then compared along random directions.
    Source: Karras, Aila, Laine and Lehtinen 2018, arXiv:1710.10196, and the authors' code. There the two sets are cut at
    places of their own; here the i-th images of both are cut at the same places, so that equal sets are at distance 0.

    Args:
        real: (N, C, H, W) uint8.
        made: (N, C, H, W) uint8, on the same device.
        patches: P, of each image at each level.
        directions: K.
        seed: of places and directions.

    Returns:
        The distance >= 0 at each of ``level_sizes``, in standard deviations of the channels.

    Raises:
        UserError: for sets of different shapes, or images that are too small for a level.
    """
    if real.dim() != 4 or real.shape != made.shape or len(real) == 0:
        raise UserError(f"images of shapes {tuple(real.shape)} and {tuple(made.shape)} are compared", "give (N, C, H, W) twice, N > 0")
    sizes = level_sizes(real.shape[2], real.shape[3])
    if not sizes:
        raise UserError(f"images of shape {tuple(real.shape[1:])} are too small", f"give at least {SMALLEST} rows and columns")
    generator = torch.Generator().manual_seed(seed)
    return [_level_distance(real, made, level, patches, directions, generator) for level in range(len(sizes))]


def _level_distance(real: Tensor, made: Tensor, level: int, patches: int, directions: int, generator: torch.Generator) -> float:
    rows, columns = level_sizes(real.shape[2], real.shape[3])[level]
    top = torch.randint(rows - PATCH + 1, (len(real), patches), generator=generator).to(real.device)
    left = torch.randint(columns - PATCH + 1, (len(real), patches), generator=generator).to(real.device)
    onto = torch.randn(PATCH**2 * real.shape[1], directions, generator=generator).to(real.device)
    first, second = (normalise(descriptors(images, level, top, left)) for images in (real, made))
    return sliced_wasserstein(first, second, onto / onto.norm(dim=0))


def descriptors(images: Tensor, level: int, top: Tensor, left: Tensor) -> Tensor:
    """Patches of one level of the images' pyramids.

    Args:
        images: (N, C, H, W) uint8.
        level: which one; 0 is the finest. The last that ``level_sizes`` names is the low-pass image.
        top: (N, P) int64, the patches' first rows.
        left: (N, P) int64, their first columns.

    Returns:
        (M, C, 49) float32, the P patches of each image one after the other.
    """
    levels = len(level_sizes(images.shape[2], images.shape[3]))
    found = torch.empty(*top.shape, images.shape[1], PATCH**2, device=images.device)
    for start in range(0, len(images), _IMAGES):
        chosen = slice(start, start + _IMAGES)
        details = laplacian_pyramid(images[chosen].float(), levels)[level]
        windows = details.unfold(2, PATCH, 1).unfold(3, PATCH, 1)  # (n, C, H - 6, W - 6, 7, 7), a view
        image = torch.arange(len(details), device=images.device).unsqueeze(1)
        found[chosen] = windows[image, :, top[chosen], left[chosen]].flatten(3)
    return found.flatten(0, 1)


def normalise(patches: Tensor) -> Tensor:
    """Each channel less its mean and divided by its standard deviation over all patches, in place.

    A channel that is the same everywhere has no deviation; it becomes 0.

    Args:
        patches: (M, C, 49) float32; overwritten.

    Returns:
        (M, D), the same memory.
    """
    variance, mean = torch.var_mean(patches, dim=(0, 2), correction=0, keepdim=True)
    deviation = variance.sqrt()
    return patches.sub_(mean).div_(torch.where(deviation > 0, deviation, 1)).flatten(1)


def sliced_wasserstein(first: Tensor, second: Tensor, directions: Tensor) -> float:
    """The mean over directions of the earth mover's distance between the projections of two sets of points.

    On a line the best transport keeps the order, so that distance is the mean difference of the sorted projections.
    Source: Rabin, Peyre, Delon and Bernot 2011, doi:10.1007/978-3-642-24785-9_37.

    Args:
        first: (M, D) float32.
        second: (M, D) float32.
        directions: (D, K) float32 unit vectors.
    """
    projections = first.new_empty(2, _DIRECTIONS, len(first))  # kept, as memory that comes and goes in such pieces is not given back
    distances = []
    for onto in torch.split(directions, _DIRECTIONS, dim=1):
        one, other = projections[:, : onto.shape[1]]  # (k, M) each
        _sort_rows(torch.mm(onto.T, first.T, out=one))
        _sort_rows(torch.mm(onto.T, second.T, out=other))
        distances.append(one.sub_(other).abs_().mean(dim=1))
    return float(torch.cat(distances).double().mean())


def _sort_rows(values: Tensor) -> None:
    """In place."""
    if values.device.type == "cpu":
        values.numpy().sort(axis=1)  # several times as fast as torch, which keeps the indices too
    else:
        values.copy_(values.sort(dim=1).values)
