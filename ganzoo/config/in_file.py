"""A class that a configuration names by its file: ``./tower.py:Tower``."""

from __future__ import annotations

import re
from pathlib import Path

from ganzoo.errors import UserError, did_you_mean
from ganzoo.plugins import one_file
from ganzoo.registry import Component, Registry

CODE = re.compile(r"(?P<file>[^\n]+\.py):(?P<name>[A-Za-z_]\w*)")
"""How a configuration names a class in a file."""


def find_in_file(registry: Registry, kind: str, text: str, where: str) -> Component:
    """The component of ``kind`` that ``text`` means, which is added to ``registry`` with all that its file gives.

    Args:
        registry: what is installed.
        kind: of component.
        text: the file, beside the configuration that says so or, on the command line, here; and the class.
        where: it is written, ``FILE:LINE``.

    Raises:
        UserError: where code may not run, or the file or a class of that kind in it is not there.
    """
    file, _, name = text.rpartition(":")
    said, _, line = where.rpartition(":")
    path = (Path(said).parent if line.isdigit() and not where.startswith("-o ") else Path()) / file
    if not one_file.choice().allow_code:
        remedy = f"read {path}, then add --allow-code; or give the file with --plugin and name the component alone"
        raise UserError(f"'{text}' is code, and a configuration alone runs none", remedy)
    if path.name not in {plugin.distribution for plugin in registry.plugins}:
        registry.add_file(path)
    plugin = next(plugin for plugin in registry.plugins if plugin.distribution == path.name)
    if plugin.version != one_file.version_of(content := one_file.read_code(path)):
        differs = one_file.difference(one_file.read_code(Path(plugin.module)), content)
        raise UserError(f"{path} is another file than {plugin.module}: {differs}", "use one of the two")
    if plugin.broken:
        raise UserError(f"{path} cannot be used: {plugin.broken}", "repair it")
    own = {c.target.__name__: c for c in registry.of_kind(kind) if c.distribution == plugin.distribution and isinstance(c.target, type)}
    if name not in own:
        raise UserError(f"{path} gives no {kind} '{name}'", did_you_mean(name, own, noun=f"of kind {kind}"))
    return own[name]
