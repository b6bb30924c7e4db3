"""What the arrays of a data set hold, checked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ganzoo.errors import DivergenceError, UserError
from ganzoo.fields import DataSpec

from .rows import Rows, rows_of_a_chunk


def describe(arrays: Mapping[str, Rows], classes: int, scale: float) -> DataSpec:
    """What the arrays hold, checked.

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
    labels = np.asarray(arrays["label"][:]) if "label" in arrays else None
    if labels is not None and len(labels) and not (labels.min() >= 0 and labels.max() < classes):
        raise UserError(
            f"labels range from {labels.min()} to {labels.max()}, but the data set has {classes} classes",
            "repair the data set",
            key="data.name",
        )
    return DataSpec({name: array.shape[1:] for name, array in arrays.items()}, classes if labels is not None else 0, scale)


def is_finite(array: Rows) -> bool:
    """Whether all values are finite; read in parts, as the whole may be larger than memory."""
    step = rows_of_a_chunk(array)
    return all(np.isfinite(array[start : start + step]).all() for start in range(0, len(array), step))
