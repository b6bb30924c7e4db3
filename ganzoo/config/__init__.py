"""The configuration: strict YAML and overrides in, a validated ``RunConfig`` and its components out."""

from __future__ import annotations

from . import strict_yaml
from .loading import load_config, parse_config, resolve_dataset, resolve_metrics, resolve_observers
from .resolution import Resolved, ResolvedPart, differences, resolve, resolve_part, resolved_values, resolved_yaml
from .settings import (
    CheckpointConfig,
    LogConfig,
    LossEntry,
    MetricPart,
    OptimizerConfig,
    Part,
    RunConfig,
    SampleConfig,
    TrainConfig,
)

__all__ = [
    "CheckpointConfig",
    "LogConfig",
    "LossEntry",
    "MetricPart",
    "OptimizerConfig",
    "Part",
    "Resolved",
    "ResolvedPart",
    "RunConfig",
    "SampleConfig",
    "TrainConfig",
    "differences",
    "load_config",
    "parse_config",
    "resolve",
    "resolve_dataset",
    "resolve_metrics",
    "resolve_observers",
    "resolve_part",
    "resolved_values",
    "resolved_yaml",
    "strict_yaml",
]
