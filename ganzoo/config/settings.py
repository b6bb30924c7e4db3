"""The words of a configuration: every key with its type, default and meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from annotated_types import Ge, Lt, MinLen
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, Strict, model_validator

from ganzoo.params import NonNegativeInt, PositiveInt

from .overrides import NOWHERE, Places, segments
from .wording import Words

MARKER = "$component"
"""Where a JSON schema awaits the components of a kind."""


@dataclass(frozen=True)
class Part:
    """A component that is named, with the parameters given to it.

    In YAML a name (``NAME``), or a mapping with ``name`` and parameters (``{name: NAME, width: 32}``).

    Args:
        name: ``NAME`` or ``DISTRIBUTION/NAME``.
        params: parameter name to plain value; what is left out has its default.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=False)  # a mapping may become one

    name: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MetricPart(Part):
    """A metric: a part that also says when it is computed.

    Args:
        name: ``NAME`` or ``DISTRIBUTION/NAME``.
        params: parameter name to plain value; what is left out has its default.
        every: steps between two evaluations; None: once, at the end of the run.
    """

    every: Annotated[PositiveInt, Strict()] | None = None


@dataclass(frozen=True)
class Kind:
    """Annotates a Part with the kind of component it names."""

    kind: str

    @property
    def words(self) -> str:
        """What messages call it."""
        article = "an" if self.kind[0] in "aeiou" else "a"
        return f"the name of {article} {self.kind} or a mapping with 'name' and parameters"

    @property
    def remedy(self) -> str:
        """What messages advise."""
        return f"`ganzoo list --kind {self.kind}` shows what is installed"

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        """A marker; ``schema.json_schema`` puts the installed components in its place."""
        return {MARKER: self.kind}


def _read_part(value: Any) -> Any:
    """A part as YAML writes it, in the form of ``Part``; anything else is left for the validator to refuse."""
    if isinstance(value, str):
        return {"name": value}
    if not isinstance(value, dict):
        return value
    params = {key: inner for key, inner in value.items() if key != "name"}
    return {key: value[key] for key in ("name",) if key in value} | {"params": params}


def _read_metric(value: Any) -> Any:
    read = _read_part(value)
    if isinstance(read, dict) and "every" in read.get("params", {}):
        read["every"] = read["params"].pop("every")
    return read


_NAME_OR_MAPPING = BeforeValidator(_read_part)
DatasetPart: TypeAlias = Annotated[Part, _NAME_OR_MAPPING, Kind("dataset")]
GeneratorPart: TypeAlias = Annotated[Part, _NAME_OR_MAPPING, Kind("generator")]
CriticPart: TypeAlias = Annotated[Part, _NAME_OR_MAPPING, Kind("critic")]
LossPart: TypeAlias = Annotated[Part, _NAME_OR_MAPPING, Kind("loss")]
SchedulePart: TypeAlias = Annotated[Part, _NAME_OR_MAPPING, Kind("schedule")]
ObserverPart: TypeAlias = Annotated[Part, _NAME_OR_MAPPING, Kind("observer")]
OptimizerPart: TypeAlias = Annotated[Part, _NAME_OR_MAPPING, Kind("optimizer")]
EvaluationPart: TypeAlias = Annotated[MetricPart, BeforeValidator(_read_metric), Kind("metric")]
Device: TypeAlias = Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:[0-9]{1,3})?)$"), Words("auto, cpu, cuda or cuda:N")]


class Section(BaseModel):
    """A mapping of the configuration: strict types, no other keys, no NaN, unchangeable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class OptimizerConfig(Section):
    """An optimizer for each player."""

    generator: OptimizerPart = Part("adam")
    """The generator's optimizer, with its parameters."""
    critic: OptimizerPart = Part("adam")
    """The critic's optimizer, with its parameters."""


class TrainConfig(Section):
    """How long, on what and how exactly."""

    steps: PositiveInt = 10_000
    """Steps of the run; a step ends with the generator's updates."""
    batch_size: PositiveInt = 64
    """Samples in a batch, over all processes."""
    seed: NonNegativeInt = 0
    """Decides every random number of the run."""
    ema: Annotated[float, Ge(0), Lt(1)] | None = None
    """Decay, each step, of the moving average of the generator's weights; null: no average."""
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
    """One term or a list; the terms add up."""
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
