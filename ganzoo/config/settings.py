"""The words of a configuration: every key with its type, default and meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Lt, MinLen
from pydantic import BaseModel, ConfigDict, PrivateAttr, model_validator
from pydantic_core import core_schema

from ganzoo.curves import ByType, Curved
from ganzoo.params import NonNegativeInt, PositiveInt

from .overrides import NOWHERE, Places, segments
from .parts import (
    CriticPart,
    DatasetPart,
    Device,
    EvaluationPart,
    GeneratorPart,
    Kind,
    LossPart,
    ObserverPart,
    OptimizerPart,
    Part,
    SchedulePart,
)
from .wording import Words


class Section(BaseModel):
    """A mapping of the configuration: strict types, no other keys, no NaN, unchangeable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class OptimizerConfig(Section):
    """An optimizer for each player."""

    generator: OptimizerPart = Part("adam")
    """The generator's optimizer, with its parameters."""
    critic: OptimizerPart = Part("adam")
    """The critic's optimizer, with its parameters."""


class AverageConfig(Section):
    """The moving average's pace, counted in samples: a batch at each generator update."""

    half_life: Annotated[float, Gt(0), Curved(bounds=(Gt(0),))]
    """Samples after which a state counts half; it may be a curve."""
    ramp: Annotated[float, Gt(0)] | None = 0.05
    """Share of the samples seen so far that half_life is at most, so that a young average forgets its start; null: no bound."""


@dataclass(frozen=True)
class OrSection(ByType):
    """Marks a number that may be a section instead."""

    section: type[Section]
    also = "a mapping"

    def within(self, number: Any, segment: str | int) -> Any:
        """The section."""
        return self.section

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """By the value's type: a mapping is the section, anything else is left to the number."""

        def read(value: Any, number: Any) -> Any:
            if isinstance(value, self.section):
                return value
            return self.section.model_validate(value) if isinstance(value, dict) else number(value)

        def write(value: Any) -> Any:
            return value.model_dump(mode="json") if isinstance(value, self.section) else value

        written = core_schema.plain_serializer_function_ser_schema(write)
        return core_schema.no_info_wrap_validator_function(read, handler(source), serialization=written)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Either."""
        return {"anyOf": [handler(schema), handler(self.section.__pydantic_core_schema__)]}


class TrainConfig(Section):
    """How long, on what and how exactly."""

    steps: PositiveInt = 10_000
    """Steps of the run; a step ends with the generator's updates."""
    batch_size: PositiveInt = 64
    """Samples in a batch, over all processes."""
    seed: NonNegativeInt = 0
    """Decides every random number of the run."""
    ema: Annotated[float, Ge(0), Lt(1), OrSection(AverageConfig)] | None = None
    """Decay, at each generator update, of the moving average of its weights, or {half_life: SAMPLES, ramp: 0.05}; null: no average."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """What the networks compute in; losses are always fp32. auto: bf16 where the device is fast at it."""
    matmul: Literal["highest", "high", "medium"] = "highest"
    """Precision of fp32 matrix products, as torch.set_float32_matmul_precision takes it."""
    device: Device = "auto"
    """auto, cpu, cuda or cuda:N; auto: a GPU if there is one."""
    threads: PositiveInt | None = None
    """CPU threads; null: as many as torch takes."""
    cuda_graphs: bool = True
    """Whether a GPU replays updates as CUDA graphs, which is faster than to launch each of their kernels."""

    @model_validator(mode="before")
    @classmethod
    def _without_what_was_never_set(cls, value: Any) -> Any:
        """Runs of the first version wrote every key into their config.yaml, also those that are gone by now."""
        return {k: v for k, v in value.items() if k != "shard_size" or v is not None} if isinstance(value, dict) else value


class LogConfig(Section):
    """What metrics.jsonl gets."""

    every: PositiveInt = 50
    """Steps between two lines."""


class SampleConfig(Section):
    """The sample grids."""

    every: PositiveInt = 1000
    """Steps between two grids."""
    count: PositiveInt = 64
    """Samples in a grid."""


class CheckpointConfig(Section):
    """The checkpoints."""

    every: PositiveInt = 1000
    """Steps between two checkpoints."""
    keep: PositiveInt = 2
    """How many of the latest are kept."""


class RunConfig(Section):
    """A run, as its YAML file and the overrides say it."""

    data: DatasetPart
    """The data set."""
    generator: GeneratorPart
    """The network that makes samples."""
    critic: CriticPart
    """The network that judges samples."""
    loss: Annotated[list[LossPart], MinLen(1), Words("a loss or a list of losses, each a name or a mapping", Kind("loss").remedy)]
    """One term or a list; the terms add up. With ``route: NAME`` an entry acts along that route of the players."""
    schedule: SchedulePart = Part("alternate")
    """Who moves when."""
    optimizer: OptimizerConfig = OptimizerConfig()
    """An optimizer for each player."""
    train: TrainConfig = TrainConfig()
    """How long, on what and how exactly."""
    log: LogConfig = LogConfig()
    """What metrics.jsonl gets."""
    sample: SampleConfig = SampleConfig()
    """The sample grids."""
    checkpoint: CheckpointConfig = CheckpointConfig()
    """The checkpoints."""
    metrics: list[EvaluationPart] = []
    """What is computed of the generator's samples, and when."""
    observers: list[ObserverPart] = []
    """Who is told of the run's events."""
    init: dict[str, str] = {}
    """A network or a sub-module of it ("generator", "critic.body") to the weights of an earlier run that it starts from."""
    versions: dict[str, str] = {}
    """Distribution to version, written into a run's own config.yaml; not read."""

    _places: Places = PrivateAttr(default=NOWHERE)

    @property
    def places(self) -> Places:
        """Where each value was written."""
        return self._places

    def where(self, path: str | Sequence[str | int]) -> str:
        """``FILE:LINE`` of the key at ``path`` (dotted, or its segments); ``-o TEXT`` where an override wrote it; or ""."""
        return self._places.where(segments(path))

    def key(self, path: str | Sequence[str | int]) -> str:
        """``path`` dotted, as the user wrote it: ``loss.weight`` where ``loss`` is one term and no list."""
        return self._places.key(segments(path))

    def written_at(self, places: Places) -> RunConfig:
        """This configuration, knowing where it was written."""
        self._places = places
        return self


SECTIONS: Mapping[str, type[Section]] = {
    "optimizer": OptimizerConfig,
    "train": TrainConfig,
    "log": LogConfig,
    "sample": SampleConfig,
    "checkpoint": CheckpointConfig,
}
"""The keys of a configuration that are mappings of fixed keys."""
