"""The parts of a configuration: components by name, each with its parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, Strict

from ganzoo.params import PositiveInt

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
class LossEntry(Part):
    """A loss: a part that also says along which route of the players it acts.

    Args:
        name: ``NAME`` or ``DISTRIBUTION/NAME``.
        params: parameter name to plain value; what is left out has its default.
        route: the route; "": the players' ``forward``.
    """

    route: Annotated[str, Strict(), Field(pattern=r"^([A-Za-z_]\w*)?$"), Words("the name of a route")] = ""


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


def _read_with(key: str) -> BeforeValidator:
    """Reads a part that has a ``key`` of its own besides name and parameters."""

    def read(value: Any) -> Any:
        part = {"name": value.name, "params": value.params} if type(value) is Part else _read_part(value)
        if isinstance(part, dict) and key in part.get("params", {}):
            part[key] = part["params"].pop(key)
        return part

    return BeforeValidator(read)


_NAME_OR_MAPPING = BeforeValidator(_read_part)
DatasetPart: TypeAlias = Annotated[Part, _NAME_OR_MAPPING, Kind("dataset")]
GeneratorPart: TypeAlias = Annotated[Part, _NAME_OR_MAPPING, Kind("generator")]
CriticPart: TypeAlias = Annotated[Part, _NAME_OR_MAPPING, Kind("critic")]
LossPart: TypeAlias = Annotated[LossEntry, _read_with("route"), Kind("loss")]
SchedulePart: TypeAlias = Annotated[Part, _NAME_OR_MAPPING, Kind("schedule")]
ObserverPart: TypeAlias = Annotated[Part, _NAME_OR_MAPPING, Kind("observer")]
OptimizerPart: TypeAlias = Annotated[Part, _NAME_OR_MAPPING, Kind("optimizer")]
EvaluationPart: TypeAlias = Annotated[MetricPart, _read_with("every"), Kind("metric")]
Device: TypeAlias = Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:[0-9]{1,3})?)$"), Words("auto, cpu, cuda or cuda:N")]
