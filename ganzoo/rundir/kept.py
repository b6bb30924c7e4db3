"""The one-file plugins that a run was trained with: copies in its folder ``plugins``, so that it can be resumed and sampled from."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path

from ganzoo.errors import UserError
from ganzoo.files import write_atomically
from ganzoo.plugins import one_file
from ganzoo.registry import Registry

from .files import CONFIG, file_in, read_yaml

PLUGINS = "plugins"
"""The folder of the copies."""


def keep(directory: Path, files: Mapping[str, Path]) -> None:
    """Copy one-file plugins into a run directory, and note that this user trains with them."""
    for name, path in files.items():
        content = one_file.read_code(path)
        one_file.remember(content)
        kept = directory / PLUGINS / name
        if not kept.exists():
            kept.parent.mkdir(exist_ok=True)
            write_atomically(kept, content)


def with_kept(registry: Registry, directory: Path, *, anew: bool = False) -> Registry:
    """The registry with the one-file plugins of a run: as the command gives them, or the copies that the run keeps.

    Args:
        registry: what is installed.
        directory: of the run.
        anew: whether another run is begun from its configuration, for which the command may give other files.

    The code of a copy runs where ``one_file.may_run`` says so; otherwise only what needs the plugin is refused.

    Raises:
        UserError: where one is not what the run was trained with, naming what differs.
    """
    versions = read_yaml(directory, CONFIG).get("versions")
    wanted = {str(name): str(v) for name, v in versions.items() if str(name).endswith(".py")} if isinstance(versions, Mapping) else {}
    if not wanted:
        return registry
    registry = copy.copy(registry)
    registry.plugins, registry.components = [*registry.plugins], [*registry.components]
    registry.commands, registry.withheld = [*registry.commands], dict(registry.withheld)
    given = {plugin.distribution: plugin for plugin in registry.plugins}
    for name, version in wanted.items():
        kept = file_in(directory, f"{PLUGINS}/{name}") if name == Path(name).name else None
        content = kept.read_bytes() if kept else None
        if name in given:
            if given[name].version != version and not anew:
                raise _difference(Path(given[name].module), given[name].version, content, version, directory)
        elif kept is None or content is None:
            registry.withheld[name] = UserError(f"{directory} keeps no copy of the plugin {name}", f"give it with --plugin {name}")
        elif (found := one_file.version_of(content)) != version:
            what = f"{kept} was changed after the run had begun with it: it was {version}, and is now {found}"
            raise UserError(what, f"put it back, or give the file as it was with --plugin {name}")
        elif one_file.may_run(content):
            registry.add_file(kept)
        else:
            what = f"the run was trained with the plugin {kept}, which nobody has trained with here, so its code is not run"
            registry.withheld[name] = UserError(what, "read it, then add --allow-code")
    return registry


def _difference(path: Path, found: str, kept: bytes | None, wanted: str, directory: Path) -> UserError:
    """The error for a one-file plugin that is not the one a run was trained with: with the lines that differ, where the run kept it."""
    differs = f"it was {wanted}, and is now {found}"
    if kept is not None and one_file.version_of(kept) == wanted:
        differs = one_file.difference(kept, one_file.read_code(path)) or differs
    remedy = f"change it back ({directory / PLUGINS / path.name} is the copy), or train anew with another --out"
    return UserError(f"{directory} was trained with another {path.name}: {differs}", remedy, where=str(path))
