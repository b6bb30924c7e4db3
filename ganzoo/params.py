"""A component's parameters: its constructor's keyword-only, annotated arguments, which are its YAML keys."""

from __future__ import annotations

import inspect
import re
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Gt, Le

from .errors import ContractError

if TYPE_CHECKING:
    from pydantic import BaseModel

PositiveInt = Annotated[int, Gt(0)]
NonNegativeInt = Annotated[int, Ge(0)]
PositiveFloat = Annotated[float, Gt(0)]
NonNegativeFloat = Annotated[float, Ge(0)]
Fraction = Annotated[float, Ge(0), Le(1)]

REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class Parameter:
    """One parameter: its name, annotation, default (``REQUIRED`` if none) and meaning (from the docstring's Args)."""

    name: str
    annotation: Any
    default: Any
    meaning: str

    @property
    def type_text(self) -> str:
        """The annotation as a reader wants it: ``int > 0``."""
        return _spell(self.annotation)


def parameters_of(cls: type) -> list[Parameter]:
    """The parameters of a component class, in the order of its constructor.

    Raises:
        ContractError: for an argument that is not keyword-only (besides the leading ``data``), ``*args``, ``**kwargs``,
            or one without an annotation.
    """
    signature = inspect.signature(cls.__init__)  # type: ignore[misc]
    hints = typing.get_type_hints(cls.__init__, include_extras=True)  # type: ignore[misc]
    meanings = documented_arguments(cls)
    found = []
    for name, parameter in list(signature.parameters.items())[1:]:
        if parameter.kind is parameter.KEYWORD_ONLY and name in hints:
            found.append(Parameter(name, hints[name], parameter.default, meanings.get(name, "")))
        elif cls.__init__ is object.__init__ or (name == "data" and parameter.kind is parameter.POSITIONAL_OR_KEYWORD):
            continue
        else:
            raise ContractError(
                f"{cls.__module__}.{cls.__qualname__} takes '{parameter}'",
                "make it keyword-only and annotated, so that it can be a YAML key",
            )
    return found


def model_of(cls: type) -> type[BaseModel]:
    """The pydantic model that validates a component's parameters: strict types, no extras, no NaN."""
    from pydantic import ConfigDict, Field, create_model

    fields: dict[str, Any] = {}
    for parameter in parameters_of(cls):
        default = ... if parameter.default is REQUIRED else parameter.default
        fields[parameter.name] = (parameter.annotation, Field(default, description=parameter.meaning or None))
    config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, arbitrary_types_allowed=False, protected_namespaces=())
    return create_model(cls.__name__, __config__=config, **fields)


def documented_arguments(cls: type) -> dict[str, str]:
    """Argument name -> meaning, from the ``Args:`` part of the class's docstring (Google style)."""
    text = inspect.cleandoc(cls.__doc__ or "")
    block = re.search(r"^Args:\n((?:[ \t]+.*\n?|\n)+)", text, re.MULTILINE)
    meanings: dict[str, str] = {}
    for entry in re.split(r"\n(?=[ \t]{1,4}\S)", "\n" + block.group(1) if block else ""):
        names, colon, meaning = entry.strip().partition(":")
        if colon and re.fullmatch(r"[\w, ]+", names):
            meanings.update({name.strip(): " ".join(meaning.split()) for name in names.split(",")})
    return meanings


def _spell(annotation: Any) -> str:
    if typing.get_origin(annotation) is Annotated:
        base, *bounds = typing.get_args(annotation)
        signs = {"Gt": ">", "Ge": ">=", "Lt": "<", "Le": "<="}
        spelled = [f"{signs[type(b).__name__]} {getattr(b, type(b).__name__.lower())}" for b in bounds if type(b).__name__ in signs]
        return f"{_spell(base)} {' and '.join(spelled)}".strip()
    if typing.get_origin(annotation) is typing.Literal:
        return " | ".join(str(value) for value in typing.get_args(annotation))
    if annotation is type(None):
        return "null"
    args = typing.get_args(annotation)
    if args and typing.get_origin(annotation) not in (list, tuple, dict):
        return " | ".join(_spell(arg) for arg in args)
    if args:
        return f"{typing.get_origin(annotation).__name__}[{', '.join('...' if a is Ellipsis else _spell(a) for a in args)}]"
    return getattr(annotation, "__name__", str(annotation))
