"""Which Python a tool runs under: any that has what it needs, and otherwise the one that ``tools/setup`` made."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path


def need(*modules: str) -> None:
    """Go on where ``modules`` are installed; else start the same command anew under ``.venv``, or end with exit code 2."""
    if all(importlib.util.find_spec(module) for module in modules):
        return
    environment = Path(__file__).resolve().parents[1] / ".venv" / "bin" / "python"
    if not environment.exists() or Path(sys.executable) == environment:
        named = " and ".join(modules)
        print(f"{Path(sys.argv[0]).name}: error: {named} must be installed for this Python; run tools/setup first", file=sys.stderr)
        sys.exit(2)
    os.execv(environment, [str(environment), *sys.argv])
