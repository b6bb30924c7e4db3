"""What the shell offers on TAB behind options and arguments: names of what is installed, and configuration keys.

It is asked at every TAB, so it imports neither torch nor a plugin's components. Shells put a space behind the only thing that
is offered; where more has to follow (``train.seed=``, ``folder/``), what could follow is offered beside it.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout

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
    offered = _beginning(incomplete, sorted(found) + [(recipe.qualified, recipe.about) for recipe in installed_recipes()])
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
    from ganzoo.config.optimizers import OPTIMIZERS
    from ganzoo.registry import Registry

    kind = {"data": "dataset", "metrics": "metric", "observers": "observer"}.get(key, key)
    if kind in KINDS:
        return [(f"{key}={c.name}", f"of {c.distribution}") for c in Registry.installed().of_kind(kind)]
    if key in ("optimizer.generator", "optimizer.critic"):
        return [(f"{key}={name}", "") for name in OPTIMIZERS]
    default = _keys().get(key, ("", None))[1]
    return [(f"{key}={default}", "the default")] if isinstance(default, int | float | str) and not isinstance(default, bool) else []


@contextmanager
def in_bash() -> Iterator[None]:
    """Answers bash, where it is bash that asks inside: it cuts words at ``=`` and ``:``, and takes answers as they are."""
    if os.environ.get("_GANZOO_COMPLETE") != "complete_bash":
        yield
        return
    words, cut = whole_words(os.environ["COMP_WORDS"].split("\n")[: int(os.environ["COMP_CWORD"]) + 1])
    os.environ.update(COMP_WORDS="\n".join(words), COMP_CWORD=str(len(words) - 1))
    said = io.StringIO()
    try:
        with redirect_stdout(said):
            yield
    finally:
        print("\n".join(line.removeprefix(cut).replace(" ", "\\ ") for line in said.getvalue().splitlines()))


def whole_words(pieces: Sequence[str]) -> tuple[list[str], str]:
    """Puts words together again that bash has cut: ``[-o, data, =, ri]`` is ``[-o, data=ri]``.

    Returns:
        The words, and that part of the last one (``data=``) which bash keeps and does not want to hear again.
    """
    words: list[str] = []
    cut, after_break = "", False
    for piece in pieces:
        is_break = bool(piece) and set(piece) <= {"=", ":"}
        if words and (is_break or (after_break and piece)):
            cut = words[-1] + (piece if is_break else "")
            words[-1] += piece
        else:
            words.append(piece)
            cut = ""
        after_break = is_break
    return words, cut


def _beginning(incomplete: str, offered: Iterable[tuple[str, str]]) -> Offer:
    """Those that begin as what is typed already, each once."""
    return list({text: (text, meaning) for text, meaning in offered if text.startswith(incomplete)}.values())
