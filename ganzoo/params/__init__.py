"""A component's parameters: its constructor's keyword-only, annotated arguments, which are its YAML keys."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import operator
import re
import types
import typing
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.errors import PydanticUserError

from ganzoo.errors import ContractError

from .curves import Curved

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
        ContractError: for an argument that is not keyword-only (besides a leading ``data`` or ``params``), ``*args``, ``**kwargs``,
            one called ``name`` (a configuration's own word) or with a leading underscore, one without an annotation, or
            with one that cannot be read.
    """
    if cls.__init__ is object.__init__:  # type: ignore[misc]
        return []
    arguments = list(inspect.signature(cls.__init__).parameters.values())[1:]  # type: ignore[misc]
    leading = ""
    if arguments and arguments[0].name in ("data", "params") and arguments[0].kind is not inspect.Parameter.KEYWORD_ONLY:
        leading = arguments.pop(0).name
    hints = _hints(cls, [argument.name for argument in arguments])
    meanings = documented_arguments(cls)
    for argument in arguments:
        if argument.kind is not inspect.Parameter.KEYWORD_ONLY or argument.name not in hints:
            raise ContractError(
                f"the constructor of {_called(cls)} takes '{argument.replace(annotation=REQUIRED)}'",
                "make it keyword-only and annotated (def __init__(self, data: DataSpec, *, width: int = 64)), so that it can be a YAML key",
            )
        if argument.name == "name" or argument.name.startswith("_"):
            raise ContractError(f"the constructor of {_called(cls)} calls a parameter '{argument.name}'", "call it otherwise")
    if leading == "params" and (rate := hints.get("lr")) and not any(isinstance(item, Curved) for item in split_annotation(rate)[1]):
        hints["lr"] = Annotated[rate, Curved(reaches_zero=True)]  # the run sets it in the optimizer's groups
    return [Parameter(a.name, hints[a.name], a.default, meanings.get(a.name, "")) for a in arguments]


def _hints(cls: type, names: list[str]) -> dict[str, Any]:
    """The annotations of the arguments ``names``: ``data`` is not looked at, its type may exist for type checkers only."""
    constructor = inspect.unwrap(cls.__init__)  # type: ignore[misc]
    written = getattr(constructor, "__annotations__", {})
    annotated = types.SimpleNamespace(__annotations__={name: written[name] for name in names if name in written})
    try:
        return typing.get_type_hints(annotated, globalns=getattr(constructor, "__globals__", {}), include_extras=True)
    except (NameError, TypeError, SyntaxError, AttributeError) as error:
        raise ContractError(
            f"an annotation in the constructor of {_called(cls)} cannot be read: {error}",
            "import its type at run time, not under TYPE_CHECKING",
        ) from error


@functools.cache
def model_of(cls: type) -> type[BaseModel]:
    """The pydantic model that validates a component's parameters: strict types, no extras, no NaN.

    Raises:
        ContractError: as ``parameters_of``, and for an annotation that plain values cannot meet.
    """
    fields: dict[str, Any] = {}
    for parameter in parameters_of(cls):
        default = ... if parameter.default is REQUIRED else parameter.default
        fields[parameter.name] = (_curved_last(parameter.annotation), Field(default, description=parameter.meaning or None))
    config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, protected_namespaces=())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a parameter may be called "copy" or "schema"
            return create_model(cls.__name__, __config__=config, __doc__=inspect.getdoc(cls), **fields)
    except (PydanticUserError, NameError, TypeError) as error:
        raise ContractError(
            f"the parameters of {_called(cls)} cannot be YAML keys: {str(error).splitlines()[0]}",
            "annotate with int, float, bool, str, Literal, tuple, or a union of them",
        ) from error


def _curved_last(annotation: Any) -> Any:
    """``annotation`` with the mark of a curve after the bounds, which are the number's and not the curve's."""
    base, metadata = split_annotation(annotation)
    args = typing.get_args(base)
    if marks := [item for item in metadata if isinstance(item, Curved)]:
        bounds = tuple(item for item in metadata if not isinstance(item, Curved))
        return Annotated[(base, *bounds, dataclasses.replace(marks[-1], bounds=bounds))]
    if typing.get_origin(annotation) is tuple and args:
        return tuple[tuple(arg if arg is Ellipsis else _curved_last(arg) for arg in args)]  # type: ignore[misc]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return functools.reduce(operator.or_, map(_curved_last, args))
    return annotation


def _called(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def documented_arguments(cls: type) -> dict[str, str]:
    """Argument name -> meaning, from the ``Args:`` part of the docstrings (Google style) of the class and its bases."""
    meanings: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        for text in (vars(base).get("__doc__"), getattr(vars(base).get("__init__"), "__doc__", None)):
            meanings |= _documented(inspect.cleandoc(text)) if isinstance(text, str) else {}
    return meanings


def _documented(text: str) -> dict[str, str]:
    block = re.search(r"^Args:\n((?:[ \t]+.*\n?|\n)+)", text, re.MULTILINE)
    meanings: dict[str, str] = {}
    for entry in re.split(r"\n(?=[ \t]{1,4}\S)", "\n" + block.group(1) if block else ""):
        names, colon, meaning = entry.strip().partition(":")
        if colon and re.fullmatch(r"[\w, ]+", names):
            meanings.update({name.strip(): " ".join(meaning.split()) for name in names.split(",")})
    return meanings


def split_annotation(annotation: Any) -> tuple[Any, list[Any]]:
    """``Annotated[base, ...]`` as its base and its metadata; anything else has none."""
    if typing.get_origin(annotation) is not Annotated:
        return annotation, []
    base, *metadata = typing.get_args(annotation)
    return base, [inner for item in metadata for inner in (getattr(item, "metadata", None) or [item])]  # pydantic's Field holds several


def kind_of(annotated: Any) -> str:
    """The kind of component that a parameter names, by its annotation's metadata; "" where it is a plain value."""
    metadata = annotated.metadata if hasattr(annotated, "metadata") else split_annotation(annotated)[1]
    return next((item.kind for item in metadata if hasattr(item, "kind")), "")


def bounds_text(metadata: Iterable[Any]) -> str:
    """The bounds among an annotation's metadata: ``>= 0 and < 1``."""
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    bounds = [(sign, getattr(item, name, None)) for item in metadata for name, sign in signs.items()]
    return " and ".join(f"{sign} {bound}" for sign, bound in bounds if bound is not None)


def _spell(annotation: Any) -> str:
    base, metadata = split_annotation(annotation)
    origin, args = typing.get_origin(base), typing.get_args(base)
    if kind := kind_of(annotation):
        text = kind
    elif base is type(None):
        text = "null"
    elif origin is typing.Literal:
        text = " | ".join(str(value) for value in args)
    elif origin in (typing.Union, types.UnionType):
        text = " | ".join(_spell(arg) for arg in args)
    elif args:
        text = f"{getattr(origin, '__name__', origin)}[{', '.join('...' if arg is Ellipsis else _spell(arg) for arg in args)}]"
    else:
        text = getattr(base, "__name__", str(base))
    curve = " | curve" if any(isinstance(item, Curved) for item in metadata) else ""
    return f"{text} {bounds_text(metadata)}".strip() + curve
