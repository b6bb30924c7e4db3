"""Walks through a generator's latent space, and from one class to another.

Legend of shapes: R rows (walks), S steps of each, L latent_dim.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganzoo.engine.sampling import check_normal_prior, make_inputs
from ganzoo.errors import UserError
from ganzoo.fields import Fields
from ganzoo.ui.pictures import image_grid, save_gif, save_png
from ganzoo.ui.scatter import scatter

from .blended_label import blend
from .samples import class_name
from .trained import Trained

SECONDS = 4.0
"""One round of an animation: there and back."""


@dataclass(frozen=True)
class Interpolation:
    """What was made on the way.

    Args:
        sample: (R, S, *shape) in the data's own units: uint8 images, float32 points.
        row_names: what each row is, where there are classes.
    """

    sample: np.ndarray
    row_names: list[str] | None

    def save_png(self, path: Path) -> Path:
        """Write a grid, each row one walk from left to right; of points, all of them as a scatter."""
        flat = self.sample.reshape(-1, *self.sample.shape[2:])
        is_image = flat.ndim == 4
        save_png(image_grid(flat, self.sample.shape[1], row_names=self.row_names) if is_image else scatter(flat), path)
        return path

    def save_gif(self, path: Path) -> Path:
        """Write an animation in which all rows walk at once, there and back.

        Raises:
            UserError: for points.
        """
        if self.sample.ndim != 5:
            raise UserError("a walk of points has no animation", "use --png: it shows all points of the walk", key="--gif")
        rows, steps = self.sample.shape[:2]
        columns = max(1, round(rows**0.5))
        there = [image_grid(self.sample[:, step], columns) for step in range(steps)]
        save_gif(there + there[-2:0:-1], path, SECONDS)
        return path


def interpolate_latents(trained: Trained, rows: int, steps: int, seed: int, label: int | None = None) -> Interpolation:
    """Each row goes from one latent to another along the sphere; its class stays.

    Raises:
        UserError: where there is no noise to walk through, or ``label`` cannot be asked for.
    """
    check_normal_prior(trained.generator, "RUN", "walked through")
    start = trained.inputs(rows, seed, label)
    end = make_inputs(trained.generator, trained.data, rows, seed=seed + 1, label=label)
    inputs = {name: _repeat(value, steps) for name, value in start.items()}
    inputs["latent"] = spherical(start["latent"], end["latent"], torch.linspace(0, 1, steps)).flatten(0, 1)
    names = [class_name(trained.class_names, int(k)) for k in start["label"]] if trained.conditional else None
    return _make(trained, inputs, rows, steps, names, seed)


def interpolate_classes(trained: Trained, rows: int, steps: int, seed: int, label: int, to: int) -> Interpolation:
    """Each row keeps its latent and goes from class ``label`` to class ``to``.

    Raises:
        UserError: where the generator takes no such labels, or uses them in a way that has nothing between two classes.
    """
    start = trained.inputs(rows, seed, label)
    make_inputs(trained.generator, trained.data, rows, seed=seed, label=to)  # refuses a class that there is not
    inputs = {name: _repeat(value, steps) for name, value in start.items()}
    share = torch.linspace(0, 1, steps).repeat(rows)
    inputs["label"] = blend(start["label"].repeat_interleave(steps), torch.full((rows * steps,), to), share)
    return _make(trained, inputs, rows, steps, None, seed)


def spherical(start: Tensor, end: Tensor, shares: Tensor) -> Tensor:
    """Points on the arcs from ``start`` to ``end``: sin((1 - t) a) / sin(a) start + sin(t a) / sin(a) end, a the angle.

    Points of a straight line between two normal draws lie nearer the origin than draws ever do; those of the arc do not.
    White 2016, arXiv:1609.04468.

    Args:
        start: (R, L).
        end: (R, L).
        shares: (S,) in [0, 1].

    Returns:
        (R, S, L), of the type of ``start``; where the two are parallel, on the straight line.
    """
    a, b, t = start.double()[:, None], end.double()[:, None], shares.double()[None, :, None]  # (R, 1, L), (1, S, 1)
    cosine = torch.nn.functional.cosine_similarity(a, b, dim=-1).clamp(-1, 1)[..., None]
    angle = torch.acos(cosine)
    sine = torch.sin(angle)
    straight = sine < 1e-6
    safe = torch.where(straight, torch.ones_like(sine), sine)
    arc = (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / safe
    return torch.where(straight, (1 - t) * a + t * b, arc).to(start.dtype)


def default_rows(trained: Trained) -> int:
    """A row a class where there are few, else eight."""
    return trained.data.classes if trained.conditional and 1 < trained.data.classes <= 16 else 8


def _repeat(value: Any, steps: int) -> Any:
    """A field of R rows as R * steps of them, each one ``steps`` times; what is not a field of rows stays."""
    return value.repeat_interleave(steps, 0) if isinstance(value, Tensor) and value.dim() else value


def _make(trained: Trained, inputs: Fields, rows: int, steps: int, names: list[str] | None, seed: int) -> Interpolation:
    made = trained.make(inputs, seed)
    return Interpolation(made.reshape(rows, steps, *made.shape[1:]), names)
