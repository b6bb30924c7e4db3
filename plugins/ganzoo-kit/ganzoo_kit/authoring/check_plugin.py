"""``ganzoo check-plugin``: examine a plugin in a clean environment, or (``--here``, and one of one file) in this one."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.commands.options import Json, Quiet
from ganzoo.errors import UserError
from ganzoo.plugins.one_file import choice, choose
from ganzoo.registry import Plugin, Registry
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_json, print_table

from .finding import TRAINED, Finding
from .names import normalised
from .project import read_project

GROUP = "Share"
WORDS = {
    "ok": "ok",
    "failed": "FAILED: ",
    "expected": "fails as expected: ",
    "skipped": "not checked: ",
    "fits": "fits ",
    "misfit": "no: ",
    "unasked": "not asked: ",
}


def check_plugin(
    target: Annotated[Path, typer.Argument(metavar="PLUGIN", help="Its folder, its wheel, or the file of a plugin of one file.")],
    here: Annotated[
        bool, typer.Option("--here", help="Check it as it is installed in this environment, without building it or combining it.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Check a plugin: what it gives, its recipes, and what it fits.

    Of a folder or a wheel: build it, install it into a clean environment, run the conformance kit there, and train two steps of
    everything installed that it fits. Of a plugin of one file: run the kit on all that it gives. Either runs the plugin's code.

    Example: ganzoo check-plugin ganzoo-tower
    """
    reporter = choose_reporter(quiet or as_json)
    if here or target.suffix == ".py":
        plugin = _of_file(target) if target.suffix == ".py" else _installed(target)
        name, version, findings = plugin.distribution, plugin.version, _check_installed(plugin, quiet or as_json)
    else:
        from .examination import examine  # it reads wheels and makes environments

        wheel, findings = examine(target, reporter)
        name, version = wheel.name, wheel.version
    if as_json:
        _print_json(name, version, findings)
    else:
        _print(name, version, findings, quiet)
    failed = [finding for finding in findings if finding.status == "failed"]
    if failed:
        checks = sum(not finding.is_combination for finding in findings)
        what = f"{name}: {len(failed)} of {checks} checks fail, the first: {failed[0].component}: {failed[0].check}"
        raise UserError(f"{what}: {failed[0].reason}", where=str(target))
    return 0


def _print_json(name: str, version: str, findings: Sequence[Finding]) -> None:
    rows = [vars(finding) for finding in findings]
    combinations = [finding.is_combination for finding in findings]
    print_json(
        {
            "distribution": name,
            "version": version,
            "outcomes": [row for row, combined in zip(rows, combinations, strict=True) if not combined],
            "combinations": [
                {"data": row["check"], "parts": row["component"], "fits": row["status"] == "fits", "reason": row["reason"]}
                for row, combined in zip(rows, combinations, strict=True)
                if combined
            ],
        }
    )


def _print(name: str, version: str, findings: Sequence[Finding], quiet: bool) -> None:
    checks = [finding for finding in findings if not finding.is_combination]
    combined = [finding for finding in findings if finding.is_combination]
    shown = [finding for finding in checks if finding.status == "failed" or not quiet]
    print_table(["component", "check", "result"] if shown else [], [(f.component, f.check, text) for f, text in _told_once(shown)])
    if combined and not quiet:
        print()
        print_table(["data", "generator x critic x loss", "fits"], [(f.check, f.component, WORDS[f.status] + f.reason) for f in combined])
        print()
    passed, skipped = (sum(finding.status == status for finding in checks) for status in ("ok", "skipped"))
    print(f"{name} {version}: {passed} of {len(checks)} checks passed{f', {skipped} could not be made here' if skipped else ''}")
    if combined:
        fitting = sum(finding.status == "fits" for finding in combined)
        trained = sum(finding.reason == TRAINED for finding in combined)
        asked = sum(finding.status != "unasked" for finding in combined)
        print(f"{fitting} of {asked} combinations with what is installed here fit; {trained} of them took two steps")


def _told_once(findings: Sequence[Finding]) -> Iterator[tuple[Finding, str]]:
    """Each finding with its result in words; a failure that says what an earlier one said, but for sizes, names that."""
    earlier: dict[tuple[str, str], str] = {}
    for finding in findings:
        first = earlier.setdefault((finding.component, re.sub(r"(?<![:\d])\d+", "0", finding.reason)), finding.check)
        repeated = finding.status == "failed" and first != finding.check
        yield finding, WORDS[finding.status] + (f"as in '{first}'" if repeated else finding.reason)


def _check_installed(plugin: Plugin, quiet: bool) -> list[Finding]:
    """The conformance kit, on the copy in this environment."""
    from ganzoo_kit.testing import distribution_cases

    findings = []
    cases, reporter = distribution_cases(plugin.distribution), choose_reporter(quiet)
    reporter.say(f"{len(cases)} checks: usually {len(cases) // 10 + 1} to {len(cases) // 3 + 5} seconds")
    with reporter.task("checking", len(cases), unit="checks") as task:
        for case in cases:
            outcome = case.run()
            findings.append(Finding(outcome.component, outcome.check, outcome.status, outcome.reason))
            task.advance()
    return findings


def _of_file(path: Path) -> Plugin:
    """The plugin of one file, which this command then uses as if it were installed."""
    if path.resolve() not in {file.resolve() for file in choice().files}:
        choose(files=[path])
    return next(plugin for plugin in Registry.installed().plugins if plugin.module == str(path.resolve()))


def _installed(folder: Path) -> Plugin:
    """The installed plugin of that project; warns where it is another copy than the one in ``folder``."""
    name = read_project(folder).name
    for plugin in Registry.installed().plugins:
        if normalised(plugin.distribution) == normalised(name):
            spec = importlib.util.find_spec(plugin.module.partition(".")[0])
            if spec and spec.origin and not Path(spec.origin).resolve().is_relative_to(folder.resolve()):
                choose_reporter(quiet=False).warn(f"this checks the copy that is installed in {Path(spec.origin).parent}, not {folder}")
            return plugin
    raise UserError(f"{name} is not installed in this environment", f"install it first: pip install -e {folder}", where=str(folder))
