"""Scheduled parameters: pure functions of the step, so that resuming needs no state."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model
from pydantic_core import core_schema

from ganzoo.errors import ContractError


@dataclass(frozen=True)
class Piece:
    """One move of a number: from ``first`` to ``last`` between the shares ``start`` and ``end`` of the run, which lie in [0, 1].

    With ``left`` falling linearly from 1 at ``start`` to 0 at ``end``, the number is ``last + (first - last) * w``: w is
    ``left`` (linear) or ``(1 - cos(pi * left)) / 2`` (cosine); exponential is ``last * (first / last) ** left``.
    """

    first: float
    last: float
    start: float = 0.0
    end: float = 1.0
    curve: str = "linear"

    def at(self, step: int, total: int) -> float:
        """The number at ``step`` (0-based) of ``total``."""
        left = (self.end * total - step) / max(total * (self.end - self.start), 1e-9)
        if left >= 1 or left <= 0:
            return self.first if left >= 1 else self.last
        if self.curve == "exponential":
            return float(self.last * (self.first / self.last) ** left)
        weight = left if self.curve == "linear" else (1 - math.cos(math.pi * left)) / 2
        return self.last + (self.first - self.last) * weight


@dataclass(frozen=True, init=False)
class Curve:
    """A number that moves: one piece, or several of which the last one begun counts (a warm-up, restarts).

    Args:
        pieces: in the order of their starts, at least one.
    """

    pieces: tuple[Piece, ...]

    def __init__(self, *pieces: Piece) -> None:
        object.__setattr__(self, "pieces", pieces)

    def at(self, step: int, total: int) -> float:
        """The number at ``step`` (0-based) of ``total``; before the first piece begins, where that one begins."""
        begun = [piece for piece in self.pieces if step >= piece.start * total]
        return (begun or self.pieces[:1])[-1].at(step, total)

    @property
    def plain(self) -> Any:
        """The curve as a configuration writes it."""
        written = [{"from": p.first, "to": p.last, "start": p.start, "end": p.end, "curve": p.curve} for p in self.pieces]
        return written[0] if len(written) == 1 else written


class ByType:
    """Marks a number of a configuration that may be a mapping or a list instead; the value's type says which it is meant to be."""

    also: str
    """What messages call the other form."""

    @property
    def model(self) -> type[BaseModel]:
        """The pydantic model of the mapping."""
        raise KeyError(self.also)

    def within(self, segment: str | int) -> Any:
        """The annotation that the path segment ``segment`` (a key, or an index) leads into."""
        return self.model

    def read(self, value: Any) -> Any:
        """The other form from plain values; what is none of it as it is."""
        return self.model.model_validate(value) if isinstance(value, dict) else value

    def plain(self, value: Any) -> Any:
        """As a configuration writes it."""
        return value.model_dump(mode="json") if isinstance(value, BaseModel) else value

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        def read(value: Any, number: Any) -> Any:
            if isinstance(value, BaseModel | Curve):  # read before
                return value
            found = self.read(value)
            return number(value) if found is value else found

        written = core_schema.plain_serializer_function_ser_schema(self.plain)
        return core_schema.no_info_wrap_validator_function(read, handler(source), serialization=written)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [handler(schema), self.model.model_json_schema()]}


@dataclass(frozen=True)
class Curved(ByType):
    """Marks a number of a configuration that may be a curve: ``Annotated[float, Curved()]``. Bounds hold at both ends.

    Args:
        reaches_zero: whether a curve may end at 0 where a constant must be above it (a learning rate that falls to 0).
        bounds: those of the number, which ``params.model_of`` puts here from beside the mark.
    """

    reaches_zero: bool = False
    bounds: tuple[Any, ...] = ()
    also = "a curve"

    @property
    def model(self) -> type[BaseModel]:
        """The pydantic model of one curve."""
        return model_of_curve(*(Ge(item.gt) if self.reaches_zero and isinstance(item, Gt) else item for item in self.bounds))  # type: ignore[arg-type]

    def within(self, segment: str | int) -> Any:
        """One curve, or a list of them."""
        return self.model if isinstance(segment, str) else list[self.model]  # type: ignore[name-defined]

    def read(self, value: Any) -> Any:
        """A mapping as a curve, a list as one of several pieces."""
        return read_curve(value, self.model) if isinstance(value, list | dict) else value

    def plain(self, value: Any) -> Any:
        """As a configuration writes it."""
        return as_plain(value)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        curve = self.model.model_json_schema()
        return {"anyOf": [handler(schema), curve, {"type": "array", "items": curve, "minItems": 1}]}


Scheduled = Annotated[float, Curved()]
"""A loss's parameter that may be a curve: a float, or a 0-d float32 tensor that the run fills before each step.

Keep the object itself (``self.weight = weight``), compute with it in the terms, and do not branch on it.
"""


def as_plain(value: Any) -> Any:
    """A value as a configuration writes it: a curve as its mapping or list, a tuple item by item, anything else as it is."""
    if isinstance(value, tuple):
        return [as_plain(item) for item in value]
    return value.plain if isinstance(value, Curve) else value


def at(value: Any, step: int, total: int) -> Any:
    """``value`` at ``step`` of ``total``: a curve as its number, a tuple item by item, anything else as it is."""
    if isinstance(value, tuple):
        return tuple(at(item, step, total) for item in value)
    return value.at(step, total) if isinstance(value, Curve) else value


def moves(value: Any) -> bool:
    """Whether there is a curve in ``value``."""
    return isinstance(value, Curve) or (isinstance(value, tuple) and any(map(moves, value)))


def build_with_curves(cls: type, args: Sequence[Any], params: Mapping[str, Any]) -> Any:
    """Build a loss with a 0-d float32 tensor for each of its parameters that is a curve; ``fill`` moves them.

    Raises:
        ContractError: where it does not keep a tensor that it was given.
    """
    import torch

    curves = {name: value for name, value in params.items() if isinstance(value, Curve)}
    held = {name: torch.full((), curve.at(0, 1), dtype=torch.float32, requires_grad=True) for name, curve in curves.items()}
    built = cls(*args, **{**params, **held})
    parts = list(built.modules()) if isinstance(built, torch.nn.Module) else [built]
    places: list[tuple[Any, str, Curve]] = []
    for name, tensor in held.items():
        found = [(part, attribute, curves[name]) for part in parts for attribute, value in vars(part).items() if value is tensor]
        fixed = [each for part in parts for each, value in vars(part).items() if isinstance(value, torch.Tensor) and value.grad_fn]
        if fixed or not found:
            what = f"{cls.__name__} does not keep its parameter '{name}' as it was given, so that a curve of it would never move"
            raise ContractError(what, f"write self.{name} = {name} and compute with it in the terms, or write a number", key=name)
        places += found
        tensor.requires_grad_(False)
    vars(built)["_curved"] = places
    return built


def fill(losses: Iterable[Any], step: int, total: int) -> None:
    """Set the curved parameters of ``losses`` to their values at ``step`` of ``total``, in place, so that recorded updates follow."""
    for loss in losses:
        for part, name, curve in vars(loss).get("_curved", ()):
            getattr(part, name).fill_(curve.at(step, total))


def read_curve(value: Any, model: type[BaseModel]) -> Curve:
    """A curve from its plain value, or from a list of them.

    Raises:
        ValueError: where it is none; ``args[1]``, where there is one, says what to do.
    """
    if isinstance(value, dict):
        return Curve(_piece(model.model_validate(value)))
    if not value:
        raise ValueError("an empty list is not a curve", "write a number, or {from: ..., to: ...}")
    found = [_piece(piece) for piece in TypeAdapter(list[model]).validate_python(value)]  # type: ignore[valid-type]
    if found != sorted(found, key=lambda piece: piece.start):
        raise ValueError("the curves of the list are not in the order of their starts", "sort them by 'start'")
    return Curve(*found)


@functools.cache
def model_of_curve(*bounds: Any) -> type[BaseModel]:
    """The pydantic model of one curve whose ends are within ``bounds``: strict types, no other keys, no NaN."""
    end, share = Annotated[(float, *bounds)] if bounds else float, Annotated[float, Ge(0), Le(1)]
    kind = Literal["linear", "cosine", "exponential"]
    fields: Any = {"from": (end, ...), "to": (end, ...), "start": (share, 0.0), "end": (share, 1.0), "curve": (kind, "linear")}
    config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
    return create_model("Curve", __config__=config, **fields)


def _piece(read: BaseModel) -> Piece:
    """One curve that was read, refused where its keys make no sense together."""
    values = read.model_dump()
    piece = Piece(values["from"], values["to"], values["start"], values["end"], values["curve"])
    if piece.start > piece.end:
        raise ValueError(f"the curve starts at {piece.start:g} and ends before, at {piece.end:g}", "let 'start' be at most 'end'")
    if piece.curve == "exponential" and min(piece.first, piece.last) <= 0:
        raise ValueError("an exponential curve neither reaches nor leaves 0", "end it at a small number above 0, or take linear or cosine")
    return piece
