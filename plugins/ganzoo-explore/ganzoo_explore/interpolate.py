"""Walks through a generator's latent space, and from one class to another.

Legend of shapes: R rows (walks), S steps of each, L latent_dim.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from ganzoo.engine.sampling import make_inputs
from ganzoo.errors import UserError
from ganzoo.fields import Fields
from ganzoo.files import check_ending, write_atomically
from ganzoo.runs.checks import check_normal_prior
from ganzoo.runs.trained import Trained
from ganzoo.ui.pictures import class_name, image_grid, save_png
from ganzoo.ui.scatter import scatter

SECONDS = 4.0
"""One round of an animation: there and back."""
LOOK_UPS = (functional.one_hot, functional.embedding, torch.embedding, Tensor.__getitem__, torch.index_select, Tensor.index_select)
"""Operations that turn a label into a vector."""


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
    make_inputs(trained.generator, trained.data, rows, seed=seed, label=to)  # refuses a class that there is not
    whole = {name: _repeat(value, 2) for name, value in trained.inputs(rows, seed, label).items()}
    pairs = whole | {"label": torch.tensor([label, to]).repeat(rows)}
    made = []
    for share in np.linspace(0, 1, steps).tolist():
        with BlendedLookUps(label, to, share):
            made.append(trained.make(pairs, seed))
    if not np.array_equal(made[0], trained.make(whole, seed)):
        what = "this generator does not only look its label up (one-hot, embedding), so there is nothing between two classes"
        raise UserError(what, "leave --to out; --label alone shows one class", key="--to")
    return Interpolation(np.stack(made, axis=1)[::2], None)


class BlendedLookUps(TorchFunctionMode):
    """Within the block, a look-up for the labels ``start, end, start, end, ...`` gives what lies between the two, in every row.

    Generators take "label" as int64, so there is no number between 3 and 5 to pass. Nearly all of them turn it into a vector
    first, a one-hot or an embedding, and the vectors of two classes can be blended.

    Args:
        start, end: the classes.
        share: of ``end``, in [0, 1].
    """

    def __init__(self, start: int, end: int, share: float) -> None:
        super().__init__()
        self._classes, self._share = [start, end], share

    def __torch_function__(self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What ``func`` gives, blended where it looks these labels up."""
        kwargs = kwargs or {}
        found = func(*args, **kwargs)
        if func not in LOOK_UPS or not any(map(self._is_pairs, (*args[func is Tensor.__getitem__ :], *kwargs.values()))):
            return found
        pairs = found.float().unflatten(0, (-1, 2))
        return torch.lerp(pairs[:, 0], pairs[:, 1], self._share).repeat_interleave(2, 0)

    def _is_pairs(self, value: Any) -> bool:
        is_label = isinstance(value, Tensor) and value.dtype == torch.int64 and value.dim() > 0
        return is_label and value.flatten().tolist() == self._classes * (len(value) // 2)


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


def save_gif(frames: Sequence[Image.Image], path: Path, seconds: float) -> None:
    """Write an animation that repeats for ever, at once or not at all.

    Args:
        frames: of one size; each is shown for as long as the others.
        path: the file.
        seconds: one round of all frames; no frame is shown for less than 20 ms, which viewers would slow down.

    Raises:
        UserError: where the name ends as that of another format.
        GanzooError: where the disk refuses.
    """
    check_ending(path, ".gif")
    buffer = io.BytesIO()
    each = max(20, round(1000 * seconds / len(frames)))
    frames[0].save(buffer, format="GIF", save_all=True, append_images=frames[1:], duration=each, loop=0, optimize=False)
    write_atomically(path, buffer.getvalue())
