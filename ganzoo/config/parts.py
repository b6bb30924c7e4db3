"""The parts of a configuration: components by name, each with its parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, Strict

from ganzoo.params import PositiveInt

from .wording import Words

if TYPE_CHECKING:
    from ganzoo.fields import DataSpec
    from ganzoo.players import Critic, Generator

MARKER = "$component"
"""Where a JSON schema awaits the components of a kind."""


@dataclass(frozen=True)
class Part:
    """A component that is named, with the parameters given to it.

    In YAML a name (``NAME``), or a mapping with ``name`` and parameters (``{name: NAME, width: 32}``).

    Args:
        name: ``NAME`` or ``DISTRIBUTION/NAME``.
        params: parameter name to plain value; what is left out has its default.
        every: of a metric: steps between two evaluations; None: once, at the end of the run.
        route: of a loss: the players' route that it acts along; "": their ``forward``.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=False)  # a mapping may become one

    name: str
    params: dict[str, Any] = field(default_factory=dict)
    every: Annotated[PositiveInt, Strict()] | None = None
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
        """A marker; ``ganzoo schema`` puts the installed components in its place."""
        return {MARKER: self.kind}


def _reads(own: str = "") -> BeforeValidator:
    """Reads a part as YAML writes it, which beside name and parameters has the key ``own``; all else is left to be refused."""

    def read(value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value}
        if not isinstance(value, dict):
            return value
        keys = {"name", own or "name"} & value.keys()
        return {key: value[key] for key in keys} | {"params": {key: inner for key, inner in value.items() if key not in keys}}

    return BeforeValidator(read)


DatasetPart: TypeAlias = Annotated[Part, _reads(), Kind("dataset")]
GeneratorPart: TypeAlias = Annotated[Part, _reads(), Kind("generator")]
CriticPart: TypeAlias = Annotated[Part, _reads(), Kind("critic")]
LossPart: TypeAlias = Annotated[Part, _reads("route"), Kind("loss")]
SchedulePart: TypeAlias = Annotated[Part, _reads(), Kind("schedule")]
ObserverPart: TypeAlias = Annotated[Part, _reads(), Kind("observer")]
OptimizerPart: TypeAlias = Annotated[Part, _reads(), Kind("optimizer")]
EvaluationPart: TypeAlias = Annotated[Part, _reads("every"), Kind("metric")]
Device: TypeAlias = Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:[0-9]{1,3})?)$"), Words("auto, cpu, cuda or cuda:N")]

if TYPE_CHECKING:
    AnyCritic: TypeAlias = Callable[[DataSpec], Critic]
    AnyGenerator: TypeAlias = Callable[[DataSpec], Generator]
else:
    AnyCritic, AnyGenerator = CriticPart, GeneratorPart
"""A wrapper's parameter: a configuration names the component, with parameters of its own, and ``critic(data)`` builds it."""
