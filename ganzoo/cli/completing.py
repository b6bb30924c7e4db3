"""What the shell offers on TAB behind options and arguments: names of what is installed, and configuration keys.

It is asked at every TAB, so it imports neither torch nor a plugin's components.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ganzoo.hookspecs import KINDS

Offer = list[tuple[str, str]]
"""What may stand there, each with a word of help where the shell shows one."""


def kinds(incomplete: str) -> Offer:
    """Kinds of component."""
    return _beginning(incomplete, [(kind, "") for kind in KINDS])


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

    from ganzoo.recipes import installed_recipes

    folder = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    found = [(f"{path}/", "") for path in folder.glob("[!.]*") if path.is_dir()]
    found += [(str(path), "") for path in folder.glob("*.yaml")]
    return _beginning(incomplete, sorted(found) + [(recipe.qualified, recipe.about) for recipe in installed_recipes()])


def overrides(incomplete: str) -> Offer:
    """``KEY=`` for every key of a configuration, and ``KEY=NAME`` where a component is named."""
    from ganzoo.config.optimizers import OPTIMIZERS
    from ganzoo.config.settings import SECTIONS, RunConfig
    from ganzoo.registry import Registry

    key, equals, _ = incomplete.partition("=")
    if equals:
        kind = {"data": "dataset", "metrics": "metric", "observers": "observer"}.get(key, key)
        names = [c.name for c in Registry.installed().of_kind(kind)] if kind in KINDS else []
        names += OPTIMIZERS if key in ("optimizer.generator", "optimizer.critic") else []
        return _beginning(incomplete, [(f"{key}={name}", "") for name in names])
    found = [(f"{name}=", field.description or "") for name, field in RunConfig.model_fields.items() if name not in SECTIONS]
    for name, section in SECTIONS.items():
        found += [(f"{name}.{inner}=", field.description or "") for inner, field in section.model_fields.items()]
    return _beginning(incomplete, [(text, meaning) for text, meaning in found if text != "versions="])


def _beginning(incomplete: str, offered: Iterable[tuple[str, str]]) -> Offer:
    """Those that begin as what is typed already, each once."""
    return list({text: (text, meaning) for text, meaning in offered if text.startswith(incomplete)}.values())
