"""``ganzoo doctor``: facts for a bug report, also where torch or a plugin is broken, without private ones."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
from typing import Any

from ganzoo.commands.options import Json
from ganzoo.registry import CORE, Registry, reason
from ganzoo.ui.tables import print_json, print_table

GROUP = "What is installed"


def doctor(as_json: Json = False) -> None:
    """Print what a bug report needs.

    Versions, devices, plugins and what is broken about them, the cache, the disk.

    Example: ganzoo doctor --json
    """
    facts = _without_home(environment())
    if as_json:
        print_json(facts)
        return
    print_table([], [(key, value) for key, value in facts.items() if not isinstance(value, dict)])
    for key in ("packages", "plugins"):
        print(key)
        print_table([], list(facts[key].items()), indent="  ")


def environment() -> dict[str, Any]:
    """All facts, as plain values."""
    plugins = Registry.installed().plugins
    return {
        CORE: next((p.version for p in plugins if p.distribution == CORE), "not installed"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        **_devices(),
        "cache": _cache(),
        "disk": f"{shutil.disk_usage('.').free / 1e9:.0f} GB free in the working directory",
        "packages": _packages(),
        "plugins": {f"{p.distribution} {p.version}": f"BROKEN: {p.broken}" if p.broken else "ok" for p in plugins},
    }


def _devices() -> dict[str, str]:
    """What torch computes with, or why it cannot be imported."""
    try:
        import torch

        gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        count = torch.get_num_threads()
        can: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
        fast = ", bf16 (train.precision: bf16)" if can.get("avx512_bf16") or can.get("amx_bf16") else ""
        threads = f"{torch.backends.cpu.get_cpu_capability()}{fast}, {count} thread{'s' if count > 1 else ''}"
        versions = {"torch": torch.__version__, "cuda": torch.version.cuda or "none"}
    except Exception as error:  # a broken torch is what the report is about
        return {"torch": f"BROKEN: {reason(error)}", "cuda": "unknown", "gpus": "unknown", "cpu": f"{os.cpu_count()} cores"}
    return {**versions, "gpus": ", ".join(gpus) or "none", "cpu": f"{os.cpu_count()} cores, {threads}"}


def _cache() -> str:
    try:
        from ganzoo.data.cache import default_folder

        folder = default_folder()
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        return f"{folder} ({shutil.disk_usage(existing).free / 1e9:.0f} GB free{'' if os.access(existing, os.W_OK) else ', not writable'})"
    except Exception as error:  # a folder that cannot be looked at is a finding
        return f"BROKEN: {reason(error)}"


def _packages() -> dict[str, str]:
    """What ganzoo-core requires, those of its extras included, with the versions that are here."""
    try:
        required = importlib.metadata.requires(CORE) or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    names = sorted({match[0] for text in required if (match := re.match(r"[A-Za-z0-9][\w.-]*", text))})
    return {name: _version(name) for name in names}


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _without_home(value: Any) -> Any:
    """The home folder as ``~``: whose it is, is nobody's business."""
    if isinstance(value, dict):
        return {key: _without_home(inner) for key, inner in value.items()}
    home = os.path.expanduser("~")  # noqa: PTH111 (where it is not known, "~" as it is)
    return value.replace(home, "~") if isinstance(value, str) and len(home) > 1 else value
