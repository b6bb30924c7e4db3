"""What moves along a curve in a run's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ganzoo.params.curves import find_curves

from .numbers import as_number
from .record import Series

POINTS = 201


def scheduled(config: Mapping[str, Any]) -> list[Series]:
    """Each number of a resolved configuration that is a curve, over the steps of the run; named by its key."""
    train = config.get("train")
    total = as_number(train.get("steps")) if isinstance(train, Mapping) else None
    if not total or total < 1:
        return []
    steps = np.unique(np.linspace(0, total - 1, POINTS).astype(np.int64))
    found = find_curves(config)
    return [Series(key, steps.astype(float), np.array([curve.at(int(step), int(total)) for step in steps])) for key, curve in found]
