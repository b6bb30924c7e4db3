"""A component's keyword-only arguments are its YAML keys."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import pytest
from annotated_types import Ge, Lt
from pydantic import Field, ValidationError

from ganzoo.errors import ContractError
from ganzoo.params import REQUIRED, Fraction, NonNegativeInt, PositiveFloat, PositiveInt, model_of, parameters_of

if TYPE_CHECKING:
    from nowhere import DataSpec, Unknown


class Component:
    """A component.

    Args:
        width: channels of the
            widest layer.
        low, high: bounds.
        norm: "batch" or "none": which one.

    Raises:
        ValueError: never.
    """

    def __init__(
        self,
        data: DataSpec,
        *,
        width: PositiveInt = 64,
        low: PositiveFloat,
        high: Fraction = 1.0,
        norm: Literal["batch", "none"] = "batch",
        betas: tuple[float, float] = (0.5, 0.9),
        sizes: tuple[NonNegativeInt, ...] = (),
        decay: Annotated[float, Ge(0), Lt(1)] | None = None,
        root: str | int = "data",
        depth: Annotated[int, Field(ge=1, lt=9)] = 3,
    ) -> None:
        pass


def test_parameters_are_read_in_order_with_their_meaning() -> None:
    found = {p.name: p for p in parameters_of(Component)}
    assert list(found) == ["width", "low", "high", "norm", "betas", "sizes", "decay", "root", "depth"]
    assert found["width"].meaning == "channels of the widest layer."
    assert found["low"].meaning == found["high"].meaning == "bounds."
    assert found["norm"].meaning == '"batch" or "none": which one.'
    assert found["betas"].meaning == ""
    assert found["width"].default == 64
    assert found["low"].default is REQUIRED


def test_types_are_spelt_for_a_reader() -> None:
    assert {p.name: p.type_text for p in parameters_of(Component)} == {
        "width": "int > 0",
        "low": "float > 0",
        "high": "float >= 0 and <= 1",
        "norm": "batch | none",
        "betas": "tuple[float, float]",
        "sizes": "tuple[int >= 0, ...]",
        "decay": "float >= 0 and < 1 | null",
        "root": "str | int",
        "depth": "int >= 1 and < 9",
    }


def test_the_model_fills_in_defaults_and_makes_tuples() -> None:
    made = model_of(Component).model_validate_json('{"low": 2, "betas": [0, 1], "sizes": [3]}')
    assert made.low == 2.0
    assert made.betas == (0.0, 1.0)
    assert made.sizes == (3,)
    assert made.width == 64


@pytest.mark.parametrize(
    "text",
    [
        '{"low": 1, "widht": 3}',
        '{"low": true}',
        '{"low": NaN}',
        '{"low": Infinity}',
        '{"low": "1"}',
        '{"low": 0}',
        "{}",
        '{"low": 1, "width": 3.0}',
        '{"low": 1, "width": true}',
        '{"low": 1, "width": 0}',
        '{"low": 1, "high": 1.5}',
        '{"low": 1, "norm": "layer"}',
        '{"low": 1, "betas": [0.5]}',
        '{"low": 1, "betas": [0.5, NaN]}',
        '{"low": 1, "sizes": [-1]}',
        '{"low": 1, "decay": 1}',
        '{"low": 1, "root": 1.5}',
        '{"low": 1, "depth": 9}',
    ],
)
def test_the_model_refuses(text: str) -> None:
    with pytest.raises(ValidationError):
        model_of(Component).model_validate_json(text)


def test_a_base_class_documents_for_its_heirs() -> None:
    class Heir(Component):
        """Documents nothing."""

    assert parameters_of(Heir)[0].meaning == "channels of the widest layer."


def test_a_dataclass_is_a_component_too() -> None:
    assert [p.name for p in parameters_of(Settings)] == ["root", "copy"]
    made = model_of(Settings).model_validate_json('{"root": "here", "copy": true}')
    assert dict(made) == {"root": Path("here"), "copy": True}


@dataclasses.dataclass(kw_only=True)
class Settings:
    """``copy`` is a method of pydantic's models, and may still be a parameter."""

    root: Path = Path("data")
    copy: bool = False


def test_no_constructor_means_no_parameters() -> None:
    class Plain:
        pass

    assert parameters_of(Plain) == []
    assert dict(model_of(Plain)()) == {}


class Positional:
    def __init__(self, data, width: int = 3) -> None: ...


class Variadic:
    def __init__(self, data, **options: int) -> None: ...


class Unannotated:
    def __init__(self, data, *, width=3) -> None: ...


class Named:
    def __init__(self, data, *, name: str = "x") -> None: ...


class Hidden:
    def __init__(self, data, *, _width: int = 3) -> None: ...


class Unreadable:
    def __init__(self, data, *, width: Unknown = 3) -> None: ...


class NotPlain:
    def __init__(self, data, *, width: Component) -> None: ...


@pytest.mark.parametrize(
    ("cls", "fragment"),
    [
        (Positional, "width=3"),
        (Variadic, "**options"),
        (Unannotated, "width=3"),
        (Named, "'name'"),
        (Hidden, "'_width'"),
        (Unreadable, "TYPE_CHECKING"),
        (NotPlain, "cannot be YAML keys"),
    ],
)
def test_a_constructor_that_yaml_cannot_call_is_refused(cls: type, fragment: str) -> None:
    with pytest.raises(ContractError) as caught:
        model_of(cls)
    assert fragment in str(caught.value)
    assert cls.__name__ in str(caught.value)
    assert caught.value.remedy
