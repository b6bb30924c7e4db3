"""``ganzoo check PLUGIN_DIR``: run the conformance kit on what an installed plugin gives."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import UserError
from ganzoo.progress import reporter as choose_reporter
from ganzoo.registry import GROUP, Plugin, Registry

from .listing import print_json, print_table

if TYPE_CHECKING:
    from ganzoo.testing import Outcome

WORDS = {"ok": "ok", "failed": "FAILED: ", "expected": "fails as expected: ", "skipped": "not checked: "}


def check_plugin(folder: Path, as_json: bool, quiet: bool) -> int:
    """Check every component of the plugin whose project lies in ``folder``, and print what came of it.

    Raises:
        UserError: where the folder holds no plugin, the plugin is not installed, or a check fails.
    """
    plugin = _installed(folder, _distribution_of(folder))
    from ganzoo.testing import distribution_cases

    reporter = choose_reporter(quiet or as_json)
    outcomes: list[Outcome] = []
    cases = distribution_cases(plugin.distribution)
    with reporter.task("checking", len(cases), unit="checks") as task:
        for case in cases:
            outcomes.append(case.run())
            task.advance()
    _print(plugin, outcomes, as_json, quiet)
    failed = [o for o in outcomes if o.status == "failed"]
    if failed:
        what = f"{plugin.distribution}: {len(failed)} of {len(outcomes)} checks fail, the first: {failed[0].component}: {failed[0].check}"
        raise UserError(f"{what}: {failed[0].reason}", where=str(folder))
    return 0


def _print(plugin: Plugin, outcomes: Sequence[Outcome], as_json: bool, quiet: bool) -> None:
    if as_json:
        rows = [{"component": o.component, "check": o.check, "status": o.status, "reason": o.reason} for o in outcomes]
        print_json({"distribution": plugin.distribution, "version": plugin.version, "outcomes": rows})
        return
    shown = [o for o in outcomes if o.status == "failed" or not quiet]
    print_table(["component", "check", "result"] if shown else [], [(o.component, o.check, WORDS[o.status] + o.reason) for o in shown])
    passed = sum(o.status == "ok" for o in outcomes)
    print(f"{plugin.distribution} {plugin.version}: {passed} of {len(outcomes)} checks passed")


def _distribution_of(folder: Path) -> str:
    """The name of the distribution that ``folder`` is the project of."""
    path = folder / "pyproject.toml"
    try:
        project: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    except FileNotFoundError:
        remedy = "name a configuration (a YAML file) or a plugin's folder"
        raise UserError(f"{folder} is a folder without a pyproject.toml", remedy, key="CONFIG") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"it is no TOML: {error}", "repair it", where=str(path)) from error
    if not isinstance(project.get("name"), str):
        raise UserError("it names no project", "add a name to its [project] table", where=str(path))
    if GROUP not in project.get("entry-points", {}):
        remedy = f'add [project.entry-points.{GROUP}] with a line such as mine = "my_module"'
        raise UserError(f"{project['name']} has no entry point in the group '{GROUP}', so it is no plugin", remedy, where=str(path))
    name: str = project["name"]
    return name


def _installed(folder: Path, name: str) -> Plugin:
    """The installed plugin of that name; warns where it is another copy than the one in ``folder``."""
    for plugin in Registry.installed().plugins:
        if _normalised(plugin.distribution) == _normalised(name):
            spec = importlib.util.find_spec(plugin.module.partition(".")[0])
            if spec and spec.origin and not Path(spec.origin).resolve().is_relative_to(folder.resolve()):
                choose_reporter(quiet=False).warn(f"this checks the copy that is installed in {Path(spec.origin).parent}, not {folder}")
            return plugin
    raise UserError(f"{name} is not installed in this environment", f"install it first: pip install -e {folder}", where=str(folder))


def _normalised(name: str) -> str:
    """A distribution's name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
