"""What the arrays of a data set hold, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ganzoo.errors import DivergenceError, UserError
from ganzoo.fields import DataSpec

from .rows import Rows, rows_of_a_chunk


def describe(arrays: Mapping[str, Rows], classes: int, scale: float, class_maps: Sequence[str] = ()) -> DataSpec:
    """What the arrays hold, checked.

    Args:
        arrays: as ``Dataset.arrays`` gives them.
        classes: of the data set, after ``arrays``.
        scale: likewise.
        class_maps: likewise.

    Raises:
        UserError: where fields disagree in length, "sample" is missing, a dtype is unexpected or a label is out of range.
        DivergenceError: where a float field is not finite.
    """
    if "sample" not in arrays:
        raise UserError(
            f"the data set gives {', '.join(arrays) or 'nothing'}, no 'sample'", "a data set must give 'sample'", key="data.name"
        )
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise UserError(f"the data set's fields differ in length: {lengths}", "repair the data set", key="data.name")
    for name, array in arrays.items():
        if array.dtype not in (np.uint8, np.float32, np.int64):
            raise UserError(f"the data set's field '{name}' is {array.dtype}", "give uint8, float32 or int64", key="data.name")
        if array.dtype == np.float32 and not is_finite(array):
            raise DivergenceError(f"the data's field '{name}' holds values that are not finite")
    odd = [name for name in class_maps if name not in arrays or arrays[name].dtype == np.float32]
    if odd:
        raise UserError(f"the data set gives no integers '{odd[0]}', which its class_maps name", "repair the data set", key="data.name")
    labels = np.asarray(arrays["label"][:]) if "label" in arrays else None
    if labels is not None and len(labels) and not (labels.min() >= 0 and labels.max() < classes):
        raise UserError(
            f"labels range from {labels.min()} to {labels.max()}, but the data set has {classes} classes",
            "repair the data set",
            key="data.name",
        )
    shapes = {name: array.shape[1:] for name, array in arrays.items()}
    return DataSpec(shapes, classes if labels is not None else 0, scale, tuple(class_maps))


def is_finite(array: Rows) -> bool:
    """Whether all values are finite; read in parts, as the whole may be larger than memory."""
    step = rows_of_a_chunk(array)
    return all(np.isfinite(array[start : start + step]).all() for start in range(0, len(array), step))
