"""Calls the command ``ganzoo`` several times, each in a fork of a process that has imported torch: the import outlasts the training."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import sys
from pathlib import Path


def call(words: list[str], said: str) -> int:
    """Call ``ganzoo`` in this process, what it says going to a file; returns its exit code."""
    with Path(said).open("w", encoding="utf-8") as file, contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
        sys.argv = ["ganzoo", *words]
        try:
            runpy.run_module("ganzoo", run_name="__main__", alter_sys=True)
        except SystemExit as ending:
            return ending.code if isinstance(ending.code, int) else int(bool(ending.code))
        return 0


def main() -> None:
    """Standard input: {"processes": how many at once, "calls": [[words, file for what is said], ...]}. Ends with 1 where one fails."""
    asked = json.load(sys.stdin)
    for module in ("torch", "torchvision"):
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    failed, running = False, 0
    for words, said in asked["calls"]:
        if running == asked["processes"]:
            failed |= os.wait()[1] != 0
            running -= 1
        if os.fork() == 0:
            code = 1
            try:
                code = call(words, said)
            finally:
                os._exit(code)
        running += 1
    for _ in range(running):
        failed |= os.wait()[1] != 0
    sys.exit(failed)


if __name__ == "__main__":
    main()
