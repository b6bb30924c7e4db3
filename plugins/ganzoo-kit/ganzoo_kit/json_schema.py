"""One JSON schema of everything a configuration can say here, for completion and checks in editors.

Put ``# yaml-language-server: $schema=FILE`` on the first line of a configuration.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from ganzoo.config.parts import MARKER
from ganzoo.config.settings import RunConfig
from ganzoo.errors import UserError
from ganzoo.hookspecs import KINDS
from ganzoo.params import model_of
from ganzoo.registry import Component, Registry

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _WithoutTitles(GenerateJsonSchema):
    """A key's title repeats its name; editors show the description."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def json_schema(registry: Registry) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a configuration with what ``registry`` holds; loads every class.

    A component that cannot be imported is left out.
    """
    found: dict[str, Any] = RunConfig.model_json_schema(schema_generator=_WithoutTitles)
    definitions = found.setdefault("$defs", {})
    for kind in KINDS:
        components = registry.of_kind(kind)
        loaded = [(_names(component, components), cls) for component in components if (cls := _load(component)) is not None]
        _define(definitions, kind, loaded)
    one_loss = found["properties"]["loss"]
    found["properties"]["loss"] = {"description": one_loss.pop("description"), "anyOf": [{MARKER: "loss"}, one_loss]}
    return {"$schema": DIALECT, **_linked(found), "title": "A ganzoo run"}


def _names(component: Component, same_kind: list[Component]) -> list[str]:
    """What a configuration may call it: the short name only where no other distribution gives it."""
    ambiguous = sum(other.name == component.name for other in same_kind) > 1
    return [component.qualified] if ambiguous else [component.name, component.qualified]


def _load(component: Component) -> type | None:
    try:
        cls: type = component.load()
        model_of(cls)
    except UserError:
        return None
    return cls


def _define(definitions: dict[str, Any], kind: str, loaded: list[tuple[list[str], type]]) -> None:
    """Add the kind's definition: a name where no parameter is required, or a mapping for each component."""
    mappings, bare = [], []
    for names, cls in loaded:
        mapping = _mapping(definitions, f"{kind}.{names[-1].replace('/', '.')}", names, kind, cls)
        mappings.append(mapping)
        bare += names if mapping["required"] == ["name"] else []
    text = {"type": "string", "enum": bare} if bare else False
    definitions[kind] = {"anyOf": [text, *mappings]} if mappings else {"not": {}, "description": f"no {kind} is installed"}


def _mapping(definitions: dict[str, Any], key: str, names: list[str], kind: str, cls: type) -> dict[str, Any]:
    parameters = model_of(cls).model_json_schema(schema_generator=_WithoutTitles, ref_template=f"#/$defs/{key}.{{model}}")
    definitions.update({f"{key}.{name}": inner for name, inner in parameters.pop("$defs", {}).items()})
    summary = (cls.__doc__ or "").strip().partition("\n")[0]
    properties: dict[str, Any] = {"name": {"enum": names, "description": summary}}
    if kind == "metric":
        every = {"anyOf": [{"type": "integer", "exclusiveMinimum": 0}, {"type": "null"}], "default": None}
        properties["every"] = every | {"description": "Steps between two evaluations; null: once, at the end of the run."}
    if kind == "loss":
        properties["route"] = {"type": "string", "default": "", "description": "The route of the players that it acts along."}
    if kind == "optimizer":
        own = {"type": "object", "properties": parameters.get("properties", {}), "additionalProperties": False}
        text = "Sub-modules of the network by name, each with what differs for it."
        properties["groups"] = {"type": "object", "description": text, "additionalProperties": own}
    return {
        "type": "object",
        "description": summary,
        "properties": properties | parameters.get("properties", {}),
        "required": ["name", *parameters.get("required", [])],
        "additionalProperties": False,
    }


def _linked(value: Any) -> Any:
    """``value`` with every marker that ``parts.Kind`` left replaced by a reference to that kind's definition."""
    if isinstance(value, list):
        return [_linked(item) for item in value]
    if not isinstance(value, dict):
        return value
    linked = {key: _linked(item) for key, item in value.items() if key != MARKER}
    if MARKER in value:
        linked["$ref"] = f"#/$defs/{value[MARKER]}"
        if isinstance(linked.get("default"), dict):  # a part as Python writes it
            linked["default"] = linked["default"]["name"]
    return linked
