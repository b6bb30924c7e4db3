"""Writes those parts of the documentation that the code knows best: components, commands, hooks, the keys of a configuration.

It writes ``ganzoo/plugins/index.json`` too, the data by which the core tells which distribution gives a name that is not installed, and
every list of our distributions that another tool reads: ``reference/distributions.py`` says where.

Run it after changing any of them: ``.venv/bin/python tools/write_docs.py``. A part stands between two comments,
``<!-- NAME: written by tools/write_docs.py -->`` and ``<!-- end of NAME -->``; what is around it is written by hand. The pages
under ``docs/plugins/``, one a plugin, are written whole. ``tests/docs/test_docs.py`` fails where anything is not what this script would
write.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))  # where it is imported by its path

from reference import commands, components, configuration, distributions, hooks, index  # noqa: E402

DOCUMENTS = (
    "docs/catalogue.md",
    "docs/how-to/sweeps.md",
    "docs/reference/commands.md",
    "docs/reference/configuration.md",
    "docs/reference/fields.md",
    "docs/reference/hooks.md",
    "docs/reference/metrics.md",
)
PARTS: Mapping[str, Callable[[], str]] = {
    "components": components.components,
    "core components": components.core_components,
    "metrics": components.metrics,
    "fields": components.fields,
    "catalogue": components.catalogue,
    "commands": commands.commands,
    "configuration": configuration.configuration,
    "optimizers": components.optimizers,
    "sweep": configuration.sweep,
    "hooks that give": hooks.giving_hooks,
    "hooks that tell": hooks.lifecycle_hooks,
}


def main() -> None:
    """Rewrite the documents in place and say which changed."""
    for name in DOCUMENTS:
        path = ROOT / name
        before = path.read_text(encoding="utf-8")
        after = rewritten(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
        print(f"{name}: {'written' if after != before else 'up to date'}", file=sys.stderr)
    wanted = whole_pages()
    for path in (ROOT / "docs" / "plugins").glob("*.md"):
        if str(path.relative_to(ROOT)) not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_text(text, encoding="utf-8")


def rewritten(text: str) -> str:
    """A document with each of its parts as the code would have it now."""
    for name, write in PARTS.items():
        start, end = f"<!-- {name}: written by tools/write_docs.py -->\n", f"<!-- end of {name} -->\n"
        if start in text:
            before, _, rest = text.partition(start)
            text = before + start + "\n" + write() + "\n" + end + rest.partition(end)[2]
    return text


def whole_pages() -> dict[str, str]:
    """What nobody writes by hand, pages and lists: file to text."""
    pages = {f"docs/plugins/{name}.md": components.plugin_page(name) for name in components.projects()}
    return pages | {"ganzoo/plugins/index.json": index.index()} | distributions.lists()


if __name__ == "__main__":
    main()
