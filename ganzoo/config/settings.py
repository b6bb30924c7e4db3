"""The keys of a configuration, each with its type, default and meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Lt, MinLen
from pydantic import BaseModel, ConfigDict, PrivateAttr

from ganzoo.errors import UserError
from ganzoo.params import NonNegativeInt, PositiveInt
from ganzoo.params.curves import ByType, Curved

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
from .strict_yaml import KeyPath
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


class OrAverage(ByType):
    """Marks a decay that may be the section ``AverageConfig`` instead."""

    also = "a mapping"
    model = AverageConfig


class TrainConfig(Section):
    """The training: how long, on what and how exactly."""

    steps: PositiveInt = 10_000
    """Steps of the run; a step ends with the generator's updates."""
    batch_size: PositiveInt = 64
    """Samples in a batch, over all processes."""
    accumulate: PositiveInt = 1
    """Equal parts of each process's share of a batch that go through the networks one after the other, to take less memory; the
    gradients are those of the whole batch."""
    seed: NonNegativeInt = 0
    """Decides every random number of the run."""
    ema: Annotated[float, Ge(0), Lt(1), OrAverage()] | None = None
    """Decay, each generator update, of the moving average of its weights, or {half_life: SAMPLES, ramp: 0.05}; null: no average."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """What the networks compute in; losses are always fp32. auto: bf16 where the device is fast at it."""
    matmul: Literal["highest", "high", "medium"] = "highest"
    """Precision of fp32 matrix products, as torch.set_float32_matmul_precision takes it."""
    device: Device = "auto"
    """auto, cpu, cuda or cuda:N; auto: a GPU if there is one."""
    threads: PositiveInt | None = None
    """CPU threads; null: as many as torch takes, or one where others want the cores and it is faster, on resume as many as before."""
    cuda_graphs: bool = True
    """Whether a GPU replays updates as CUDA graphs, which is faster than to launch each of their kernels."""


class LogConfig(Section):
    """The lines of metrics.jsonl."""

    every: PositiveInt = 50
    """Steps between two lines."""


class SampleConfig(Section):
    """The sample grids."""

    every: PositiveInt = 1000
    """Steps between two grids."""
    count: PositiveInt = 64
    """Samples in a grid."""


class BestConfig(Section):
    """The choice of the best checkpoint."""

    metric: str
    """One of the run's metrics, measured at steps that have a checkpoint; its first number that says which way is better decides."""


class CheckpointConfig(Section):
    """The checkpoints."""

    every: PositiveInt = 1000
    """Steps between two checkpoints."""
    keep: PositiveInt = 2
    """How many of the latest are kept."""
    best: BestConfig | None = None
    """{metric: NAME}: besides, the best of them by a metric is kept, for --step best; null: none."""


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
    """How many updates each player has in a step, by which losses and with which values."""
    optimizer: OptimizerConfig = OptimizerConfig()
    """An optimizer for each player."""
    train: TrainConfig = TrainConfig()
    """The training: how long, on what and how exactly."""
    log: LogConfig = LogConfig()
    """The lines of metrics.jsonl."""
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

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Give an error that names a key of this configuration the place where it was written."""
        try:
            yield
        except UserError as error:
            if error.where or error.key.partition(".")[0] not in RunConfig.model_fields:
                raise
            raise error.at(self.where(error.key)) from error

    def refusal(self, path: KeyPath, what: str, remedy: str) -> UserError:
        """The error for what is written at ``path``."""
        return UserError(what, remedy, key=self.key(path), where=self.where(path))

    def written_at(self, places: Places) -> RunConfig:
        """This configuration, knowing where it was written."""
        self._places = places
        return self


_TYPES = {name: field.annotation for name, field in RunConfig.model_fields.items()}
SECTIONS = {name: kind for name, kind in _TYPES.items() if isinstance(kind, type) and issubclass(kind, Section)}
"""The keys of a configuration that are mappings of fixed keys."""
