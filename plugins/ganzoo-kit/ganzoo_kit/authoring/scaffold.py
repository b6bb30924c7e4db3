"""``ganzoo new-plugin``: write a complete project whose component works, and whose tests pass as they are.

The texts are jinja templates in ``templates/``: ``project/`` is what every kind shares, ``kinds/KIND/`` its component, the
test of it and a few words about it.
"""

from __future__ import annotations

import datetime
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from ganzoo.errors import UserError
from ganzoo.hookspecs import API_VERSION, GIVEN
from ganzoo.registry import Registry

from .names import Names, core_range, names_of
from .sources import Base, base_recipe, read_file


def new_plugin(name: str, kind: str, out: Path | None = None, like: str | None = None) -> Path:
    """Write the project of a plugin that gives one component.

    Args:
        name: its name in lower-case words: ``tower`` makes the distribution ``ganzoo-tower``.
        kind: the component's kind.
        out: the project's folder; None: the distribution's name, here.
        like: the configuration that its recipe starts from; None: an installed recipe.

    Returns:
        The folder.

    Raises:
        UserError: where the name cannot be had, the folder exists, or there is no recipe to start from. Nothing is
            written then.
    """
    if kind not in GIVEN:
        raise UserError(f"'{kind}' is not a kind of component", f"kinds: {', '.join(GIVEN)}", key="--kind")
    registry = Registry.installed()
    names = names_of(name, kind, registry)
    folder = out or Path(names.distribution)
    _refuse_existing(folder)
    _write(folder, project_files(names, base_recipe(like, registry)))
    return folder


def package(name: str, file: Path, out: Path | None = None, like: str | None = None) -> Path:
    """Write the project of a plugin that gives what a plugin of one file gives, from a copy of that file.

    Args:
        name: as of ``new_plugin``.
        file: the plugin; its code is run.
        out: as of ``new_plugin``.
        like: as of ``new_plugin``.

    Returns:
        The folder.

    Raises:
        UserError: as ``new_plugin``, and where the file cannot be used.
    """
    given = read_file(file)
    registry = Registry.installed()
    names = names_of(name, given.kind, registry)
    folder = out or Path(names.distribution)
    _refuse_existing(folder)
    base = base_recipe(like, registry)
    part = Names(given.parts[0][1].replace("_", "-"), given.kind)
    more = {**given.words(f"{names.module}.{names.name}"), "usage": base.usage(part)}
    files = project_files(names, base, more)
    for path in [path for path in files if path.startswith(f"{names.module}/recipes/")]:
        files[path] = base.recipe(part)
    _write(folder, files | {f"{names.module}/{names.name}.py": file.read_text(encoding="utf-8")})
    return folder


def _refuse_existing(folder: Path) -> None:
    if folder.exists() or folder.is_symlink():
        raise UserError(f"{folder} exists already", "name another folder with --out, or remove it", key="--out")


def project_files(names: Names, base: Base, more: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Every file of the project: its path and its text; ``more`` are words of a plugin that is made from a file."""
    recipe = names.name if names.kind == "dataset" else base.name
    words: Mapping[str, Any] = {
        "given": {},
        "needs": [],
        **{word: getattr(names, word) for word in ("distribution", "module", "name", "command", "cls", "kind", "hook", "a_kind")},
        "api": API_VERSION,
        "core_range": core_range(),
        "requirements": [] if names.kind == "command" else base.requirements(names.kind),
        "recipe": recipe,
        "usage": base.usage(names),
        "year": datetime.date.today().year,
        **(more or {}),
    }
    recipes = {} if names.kind == "command" else {f"{names.module}/recipes/{recipe}.yaml": base.recipe(names)}
    return recipes | {
        "pyproject.toml": _rendered("project/pyproject.toml.j2", words),
        "README.md": _rendered("project/README.md.j2", words),
        "LICENSE": _rendered("project/LICENSE.j2", words),
        "RELEASING.md": _rendered("project/RELEASING.md.j2", words),
        ".gitignore": _rendered("project/gitignore.j2", words),
        ".github/workflows/test.yml": _rendered("project/test.yml.j2", words),
        ".github/workflows/release.yml": _rendered("project/release.yml.j2", words),
        f"{names.module}/__init__.py": _rendered("project/entry_point.py.j2", words),
        f"{names.module}/{names.name}.py": _rendered(f"kinds/{names.kind}/component.py.j2", words),
        f"{names.module}/py.typed": "",
        f"tests/test_{names.name}.py": _rendered("project/tests.py.j2", words),
    }


def _rendered(template: str, words: Mapping[str, Any]) -> str:
    loader = jinja2.PackageLoader("ganzoo_kit.authoring", "templates")
    environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, autoescape=False)
    return environment.get_template(template).render(words).rstrip() + "\n"


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """All of the files or none: they are written beside ``folder``, which then gets its name."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        try:
            for name, text in files.items():
                path = temporary / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            temporary.chmod(0o777 & ~_umask())
            temporary.rename(folder)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror or error}", "name another folder", key="--out") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
