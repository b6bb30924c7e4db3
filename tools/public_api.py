"""The public interface as text: every name that a plugin may rely on, with its signature.

``tests/public_api.json`` holds it as it was last agreed, with the ``API_VERSION`` that it belongs to, and
``tests/test_public_api.py`` fails where the code has another one. After a change:

    .venv/bin/python tools/public_api.py            say what differs
    .venv/bin/python tools/public_api.py --renew    agree to it: additions as they are; what is taken away or changed only
                                                    once API_VERSION in ganzoo/hookspecs.py is raised

``--unreleased`` agrees to any change of a version that no release has carried: the changelog says which have.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import ganzoo
import ganzoo.data
import ganzoo.metrics
import ganzoo.rundir
import ganzoo.testing
from ganzoo import hookspecs

ROOT = Path(__file__).resolve().parents[1]
SNAPSHOT = ROOT / "tests" / "public_api.json"


def current() -> dict[str, str]:
    """Dotted name -> signature of everything public, in the code as it is."""
    found: dict[str, str] = {}
    for module in (ganzoo, ganzoo.data, ganzoo.metrics, ganzoo.rundir, ganzoo.testing):
        for name in sorted(module.__all__):
            full, value = f"{module.__name__}.{name}", getattr(module, name)
            if name != "API_VERSION":  # it stands beside the names
                found |= {full: type(value).__name__} if name.isupper() else dict(_described(full, value))  # constants may change
    for name, value in sorted(vars(hookspecs).items()):
        if hasattr(value, "ganzoo_spec"):
            found[f"hook.{name}"] = _signature(value)
    return found


def _described(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if not inspect.isclass(value):
        yield name, _signature(value) if inspect.isfunction(value) else _plain(value)
        return
    if not value.__module__.startswith("ganzoo"):  # Fields, Scores and Terms are dict
        yield name, value.__name__
        return
    bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
    yield name, f"class({bases})"
    constructor = vars(value).get("__init__")
    if constructor is not None or dataclasses.is_dataclass(value):
        yield f"{name}()", _signature(value)
    annotations = inspect.get_annotations(value)
    for key in sorted({*vars(value), *annotations}):
        if key.startswith("_"):
            continue
        member = inspect.getattr_static(value, key, None)
        if isinstance(member, property):
            yield f"{name}.{key}", f"property -> {_returns(member.fget)}"
        elif inspect.isfunction(function := getattr(member, "__func__", member)):
            yield f"{name}.{key}", _signature(function)
        elif key in annotations:
            default = "" if dataclasses.is_dataclass(value) or key not in vars(value) else f" = {_plain(member)}"
            yield f"{name}.{key}", f"{annotations[key]}{default}"
        else:
            yield f"{name}.{key}", _plain(member)


def _signature(function: Any) -> str:
    """The signature, without the addresses of objects; ``abstract`` where every subclass has to write it."""
    text = re.sub(r" at 0x[0-9a-f]+", "", str(inspect.signature(function)))
    return f"abstract {text}" if getattr(function, "__isabstractmethod__", False) else text


def _returns(function: Any) -> str:
    return str(inspect.signature(function).return_annotation)


def _plain(value: Any) -> str:
    """A constant by its value; what has no short one by its type."""
    if isinstance(value, frozenset):
        return f"frozenset({sorted(value)})"
    if isinstance(value, str | int | float | tuple | type(None)):
        return repr(value)
    return re.sub(r" at 0x[0-9a-f]+", "", str(value)) if "typing" in type(value).__module__ else type(value).__name__


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """(what was added, what was taken away or changed), a line each. Work that existing subclasses must do is a change."""
    new = {name: now[name] for name in now if name not in before}
    demanded = [name for name, text in new.items() if text.startswith("abstract") and name.rpartition(".")[0] in before]
    added = [f"added    {name}  {text}" for name, text in new.items() if name not in demanded]
    broken = [f"demanded {name}  {now[name]}" for name in demanded]
    broken += [f"removed  {name}  {before[name]}" for name in before if name not in now]
    broken += [f"changed  {name}  {before[name]}  ->  {now[name]}" for name in before if name in now and before[name] != now[name]]
    return added, broken


def refusal(before: Mapping[str, Any], now: Mapping[str, str], version: int, *, unreleased: bool, changelog: str) -> str:
    """Why the change may not be agreed to; "" where it may."""
    _, broken = differences(before["names"], now)
    if version < before["api_version"]:
        return f"API_VERSION went back from {before['api_version']} to {version}"
    if not broken or version > before["api_version"]:
        return ""
    if not unreleased:
        return f"{len(broken)} names were taken away or changed; raise API_VERSION in ganzoo/hookspecs.py to {version + 1} first"
    if released(changelog, version):
        return f"API {version} has been released, so it stays as it is; raise API_VERSION to {version + 1}"
    return ""


def released(changelog: str, version: int) -> bool:
    """Whether a released section of the changelog says that it carries this API version (``API 2``)."""
    sections = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    carried = [section for section in sections if not section.partition("\n")[0].endswith("unreleased")]
    return any(re.search(rf"\bAPI {version}\b", section) for section in carried)


def main(arguments: list[str]) -> int:
    """Say what differs; with ``--renew``, write it down where that is allowed. Exit code 2 where it is not."""
    before: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8")) if SNAPSHOT.exists() else {"api_version": 0, "names": {}}
    now = current()
    added, broken = differences(before["names"], now)
    print("\n".join([*added, *broken]) or "the public interface is as it was agreed", file=sys.stderr)
    if "--renew" not in arguments:
        return 0 if not added and not broken else 2
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version = hookspecs.API_VERSION
    if refused := refusal(before, now, version, unreleased="--unreleased" in arguments, changelog=changelog):
        print(f"public_api: error: {refused}", file=sys.stderr)
        return 2
    SNAPSHOT.write_text(json.dumps({"api_version": version, "names": now}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{SNAPSHOT.relative_to(ROOT)}: written for API {version}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
