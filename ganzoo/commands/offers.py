"""Completions of options and arguments: names of what is installed, and configuration keys.

It is asked at every TAB, so it imports neither torch nor a plugin's components. Shells put a space behind the only thing that
is offered; where more has to follow (``train.seed=``, ``folder/``), what could follow is offered beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ganzoo.hookspecs import GIVEN, KINDS

Offer = list[tuple[str, str]]
"""What may stand there, each with a word of help where the shell shows one."""


def kinds(incomplete: str) -> Offer:
    """Kinds of component, and commands."""
    return _beginning(incomplete, [(kind, "") for kind in GIVEN])


def components(incomplete: str) -> Offer:
    """Components of every kind."""
    from ganzoo.registry import Registry

    return _beginning(incomplete, [(c.name, f"{c.kind} of {c.distribution}") for c in Registry.installed().components])


def of_kind(kind: str) -> Callable[[str], Offer]:
    """A completion that offers the components of one kind."""

    def complete(incomplete: str) -> Offer:
        from ganzoo.registry import Registry

        return _beginning(incomplete, [(c.name, f"of {c.distribution}") for c in Registry.installed().of_kind(kind)])

    return complete


def configurations(incomplete: str) -> Offer:
    """YAML files and folders here, and the recipes of plugins."""
    from pathlib import Path

    from ganzoo.plugins.recipes import recipes_among
    from ganzoo.registry import Registry

    folder = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    found = [(f"{path}/", "") for path in folder.glob("[!.]*") if path.is_dir()]
    found += [(str(path), "") for path in folder.glob("*.yaml")]
    recipes = [(recipe.qualified, recipe.about) for recipe in recipes_among(Registry.installed().plugins)]
    offered = _beginning(incomplete, sorted(found) + recipes)
    only = offered[0][0] if len(offered) == 1 else ""
    return offered + configurations(only) if only.endswith("/") else offered


def overrides(incomplete: str) -> Offer:
    """``KEY=`` for every key of a configuration, and ``KEY=VALUE``: the names that fit there, or the default."""
    key, equals, _ = incomplete.partition("=")
    if equals:
        return _beginning(incomplete, _values(key))
    offered = _beginning(incomplete, [(f"{key}=", meaning) for key, (meaning, _) in _keys().items()])
    return offered + _values(offered[0][0][:-1]) if len(offered) == 1 else offered


def _keys() -> dict[str, tuple[str, object]]:
    """Each key of a configuration with its meaning and its default; None where it has none."""
    from ganzoo.config.settings import SECTIONS, RunConfig

    fields = dict(RunConfig.model_fields)
    for section, model in SECTIONS.items():
        fields |= {f"{section}.{name}": field for name, field in model.model_fields.items()}
    known = {key: (field.description or "", field.default) for key, field in fields.items()}
    return {key: known[key] for key in known if key not in (*SECTIONS, "versions")}


def _values(key: str) -> Offer:
    """``KEY=VALUE`` for each component that may stand there, or for the default."""
    from ganzoo.registry import Registry

    kind = {"data": "dataset", "metrics": "metric", "observers": "observer"}.get(key, key)
    kind = "optimizer" if key in ("optimizer.generator", "optimizer.critic") else kind
    if kind in KINDS:
        return [(f"{key}={c.name}", f"of {c.distribution}") for c in Registry.installed().of_kind(kind)]
    default = _keys().get(key, ("", None))[1]
    return [(f"{key}={default}", "the default")] if isinstance(default, int | float | str) and not isinstance(default, bool) else []


def _beginning(incomplete: str, offered: Iterable[tuple[str, str]]) -> Offer:
    """Those that begin as what is typed already, each once."""
    return list({text: (text, meaning) for text, meaning in offered if text.startswith(incomplete)}.values())
