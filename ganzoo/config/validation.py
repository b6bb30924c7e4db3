"""Validation of plain values against a pydantic model, with messages for users."""

from __future__ import annotations

import dataclasses
import difflib
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, to_json

from ganzoo.errors import UserError, did_you_mean
from ganzoo.params import split_annotation
from ganzoo.params.curves import ByType

from .earlier import REMOVED
from .overrides import Places
from .strict_yaml import KeyPath
from .wording import describe, in_words, members, remedy_for, without_null

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], tree: Any, places: Places, prefix: KeyPath = (), *, noun: str = "keys") -> Model:
    """``tree`` as a ``model``: strict types (``true`` is not 1), lists for tuples, no NaN.

    Args:
        model: what is wanted.
        tree: plain values.
        places: where they were written.
        prefix: the path of ``tree`` in the configuration.
        noun: what the keys of ``tree`` are called.

    Raises:
        UserError: for the first thing wrong, from top to bottom.
    """
    try:
        # JSON mode: strict about types, and a list is the one way to write a tuple.
        return model.model_validate_json(to_json(tree, inf_nan_mode="constants"))
    except ValidationError as error:
        problems = [_explain(model, tree, details, noun) for details in error.errors(include_url=False)]
    # A misspelt key comes before the missing one that it stands for.
    first = min(problems, key=lambda problem: (problem.missing, places.order(prefix + problem.path)))
    path = prefix + first.path
    raise UserError(first.what, first.remedy, key=places.key(path), where=places.where(path))


@dataclass(frozen=True)
class _Problem:
    path: KeyPath
    what: str
    remedy: str
    missing: bool = False


def _explain(model: type[BaseModel], tree: Any, details: ErrorDetails, noun: str) -> _Problem:
    kind, location = details["type"], details["loc"]
    if kind == "extra_forbidden":
        return _unknown(model, tree, location, noun)
    if kind == "missing" and isinstance(location[-1], int):
        location = location[:-1]  # a list that is too short is wrong as a whole
    annotation, path, default = _descend(model, location)
    if kind == "missing" and path == details["loc"]:
        return _Problem(path, "is missing", _missing_remedy(model, tree, path, annotation), missing=True)
    value = _at(tree, path)
    if kind in ("value_error", "assertion_error"):
        what, *remedy = details["ctx"]["error"].args
        return _Problem(path, str(what), remedy[0] if remedy else f"it should be {in_words(annotation)}")
    remedy = remedy_for(annotation, value, default) or "write such a value"
    return _Problem(path, f"expects {in_words(annotation)}, found {describe(value)}", remedy)


def _descend(model: type[BaseModel], location: KeyPath) -> tuple[Any, KeyPath, Any]:
    """The annotation that ``location`` means, the path to it, and its default; stops before a union's members."""
    annotation: Any = model
    default: Any = ...
    for depth, segment in enumerate(location):
        inner = _entered(annotation, segment)
        origin, items = typing.get_origin(inner), typing.get_args(inner)
        default = default[segment] if isinstance(default, tuple) and isinstance(segment, int) and segment < len(default) else ...
        if _is_model(inner) and segment in inner.model_fields:
            found = inner.model_fields[segment]
            annotation, default = Annotated[found.annotation, "", *found.metadata], found.default
        elif dataclasses.is_dataclass(inner) and segment in (hints := typing.get_type_hints(inner, include_extras=True)):
            annotation, default = hints[str(segment)], getattr(inner, str(segment), ...)
        elif origin is tuple and isinstance(segment, int) and items[-1] is not ...:
            annotation = items[min(segment, len(items) - 1)]
        elif origin in (tuple, list, set, frozenset):
            annotation = items[0]
        elif origin is dict:
            annotation = items[1]
        else:
            return annotation, location[:depth], default
    return annotation, location, default


def _entered(annotation: Any, segment: str | int) -> Any:
    """The bare type that ``segment`` leads into."""
    for member in members(annotation):
        for mark in split_annotation(member)[1]:
            if isinstance(mark, ByType):
                return mark.within(segment)
    return without_null(annotation)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _at(tree: Any, path: KeyPath) -> Any:
    for segment in path:
        try:
            tree = tree[segment]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def _unknown(model: type[BaseModel], tree: Any, path: KeyPath, noun: str) -> _Problem:
    name = str(path[-1])
    if path in REMOVED:
        return _Problem(path, "was removed", REMOVED[path])  # type: ignore[index]
    fields = _entered(_descend(model, path[:-1])[0], name).model_fields
    sections = {key: without_null(found.annotation) for key, found in fields.items()}
    home = next((key for key, section in sections.items() if _is_model(section) and name in section.model_fields), "")
    if ":" in name and _at(tree, path) is None:
        remedy = f"put a space after the colon: {name.replace(':', ': ', 1)}"
    elif home:
        remedy = f"it belongs under '{home}': write {home}: {{{name}: ...}}"
    else:
        remedy = did_you_mean(name, fields, noun=noun)
    return _Problem(path, f"there is no such {noun.removesuffix('s')}", remedy)


def _missing_remedy(model: type[BaseModel], tree: Any, path: KeyPath, annotation: Any) -> str:
    holder, name = _at(tree, path[:-1]), str(path[-1])
    close = difflib.get_close_matches(name, list(holder), n=1, cutoff=0.6) if isinstance(holder, Mapping) else []
    if close:
        return f"write '{name}' for '{close[0]}'"
    # A part without its name is asked for in the part's own words.
    asked = _descend(model, path[:-1])[0] if name == "name" else annotation
    remedy = remedy_for(asked, None, ...)
    return f"add '{name}: ...', {in_words(annotation)}{f'; {remedy}' if remedy else ''}"
