"""The configuration: strict YAML and overrides in, a validated ``RunConfig`` and its components out."""

from __future__ import annotations

from . import strict_yaml
from .differing import differences
from .loading import load_config, parse_config, resolve_dataset, resolve_metrics, resolve_observers
from .parts import LossEntry, MetricPart, Part
from .resolution import Resolved, ResolvedPart, resolve, resolve_part, resolved_values, resolved_yaml
from .retired import refuse_retired
from .settings import (
    AverageConfig,
    CheckpointConfig,
    LogConfig,
    OptimizerConfig,
    RunConfig,
    SampleConfig,
    TrainConfig,
)

__all__ = [
    "AverageConfig",
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
    "refuse_retired",
    "resolve",
    "resolve_dataset",
    "resolve_metrics",
    "resolve_observers",
    "resolve_part",
    "resolved_values",
    "resolved_yaml",
    "strict_yaml",
]
