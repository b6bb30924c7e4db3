"""Curves in a run's configuration: what moves along them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ganzoo.params.curves import Curve, model_of_curve, read_curve
from ganzoo.rundir import as_number

from .series import Series

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


def find_curves(tree: Any, key: str = "") -> Iterator[tuple[str, Curve]]:
    """The curves of a configuration's plain values, each with its dotted key."""
    pieces = tree if isinstance(tree, list) else [tree]
    keys = {"from", "to", "start", "end", "curve"}
    if pieces and all(isinstance(piece, Mapping) and {"from", "to"} <= piece.keys() <= keys for piece in pieces):
        try:
            yield key, read_curve(tree, model_of_curve())
        except ValueError:  # a file of another version: nothing that could be drawn
            return
    elif isinstance(tree, Mapping | list):
        for name, value in tree.items() if isinstance(tree, Mapping) else enumerate(tree):
            yield from find_curves(value, f"{key}.{name}" if key else str(name))
