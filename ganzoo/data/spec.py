"""The specification of a data set, read off its arrays and checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ganzoo.errors import DivergenceError, UserError
from ganzoo.fields import DataSpec

from .dataset import Dataset
from .rows import Rows, rows_of_a_chunk


def describe_data(dataset: Dataset, arrays: Mapping[str, Rows]) -> DataSpec:
    """What a data set's arrays hold, as training sees it, checked; errors as of ``describe``."""
    found = describe(arrays, dataset.classes, dataset.scale, dataset.class_maps, dataset.independent)
    return replace(found, fields=_windows(found, dataset.window)) if dataset.window else found


def _windows(data: DataSpec, window: int | tuple[int, int]) -> dict[str, tuple[int, ...]]:
    """The shapes of windows of the size ``window`` for "sample", and in proportion for what else has rows and columns."""
    edges, sides = data.shape[-2:], (window, window) if isinstance(window, int) else window
    shapes: dict[str, tuple[int, ...]] = dict(data.fields)
    for name, shape in data.fields.items():
        if len(shape) < 2 or (len(shape) == 2 and shape != edges and name not in data.class_maps):
            continue
        parts = [divmod(side * mine, edge) for side, mine, edge in zip(sides, shape[-2:], edges, strict=True)]
        if any(rest for _, rest in parts) or any(size > mine for (size, _), mine in zip(parts, shape[-2:], strict=True)):
            what = f"a window of {sides[0]} x {sides[1]} does not fit pictures of {' x '.join(map(str, shape[-2:]))} ('{name}')"
            raise UserError(what, f"take at most {edges[0]} x {edges[1]}, in whole pixels of all fields", key="data")
        shapes[name] = (*shape[:-2], *(size for size, _ in parts))
    return shapes


def describe(
    arrays: Mapping[str, Rows], classes: int, scale: float, class_maps: Sequence[str] = (), independent: Collection[str] = ()
) -> DataSpec:
    """What arrays as ``Dataset.arrays`` gives them hold, checked; the rest are the data set's attributes of these names after that.

    Raises:
        UserError: where fields disagree in length, "sample" is missing, a dtype is unexpected or a label is out of range.
        DivergenceError: where a float field is not finite.
    """

    def fault(what: str, remedy: str = "repair the data set") -> UserError:
        return UserError(what, remedy, key="data.name")

    if "sample" not in arrays:
        raise fault(f"the data set gives {', '.join(arrays) or 'nothing'}, no 'sample'", "a data set must give 'sample'")
    for name in independent:
        if name == "sample":
            raise fault("'sample' is independent", "name others of its fields")
        if name not in arrays:
            raise fault(f"the data set calls '{name}' independent, which it does not give", "name others of its fields")
    lengths = {name: len(array) for name, array in arrays.items() if name not in independent}
    if len(set(lengths.values())) > 1:
        raise fault(f"the data set's fields differ in length: {lengths}", "repair the data set, or name those that are `independent`")
    for name, array in arrays.items():
        if array.dtype not in (np.uint8, np.uint16, np.float32, np.int64):
            raise fault(f"the data set's field '{name}' is {array.dtype}", "give uint8, uint16, float32 or int64")
        if array.dtype == np.float32 and not is_finite(array):
            raise DivergenceError(f"the data's field '{name}' holds values that are not finite")
    for name in class_maps:
        if name not in arrays or arrays[name].dtype in (np.float32, np.uint16):
            raise fault(f"the data set gives no integers '{name}', which its class_maps name")
    labels = np.asarray(arrays["label"][:]) if "label" in arrays else None
    if labels is not None and len(labels) and not (labels.min() >= 0 and labels.max() < classes):
        raise fault(f"labels range from {labels.min()} to {labels.max()}, but the data set has {classes} classes")
    shapes = {name: array.shape[1:] for name, array in arrays.items()}
    return DataSpec(shapes, classes if labels is not None else 0, scale, tuple(class_maps), independent=tuple(sorted(independent)))


def is_finite(array: Rows) -> bool:
    """Whether all values are finite; read in parts, as the whole may be larger than memory."""
    step = rows_of_a_chunk(array)
    return all(np.isfinite(array[start : start + step]).all() for start in range(0, len(array), step))
