"""Metrics and their subjects: the public names besides those of ``ganzoo`` are in ``__all__``, loaded when first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .metric import FeatureExtractor
    from .subject import Fact

_HOME = {"Fact": "subject", "FeatureExtractor": "metric"}

__all__ = ["Fact", "FeatureExtractor"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module 'ganzoo.metrics' has no attribute '{name}'")
