"""``pip install ARGUMENTS`` by uv, which loads, unpacks and builds in parallel: a third of the time. ``tools/setup`` calls it.

uv reads no configuration of pip: what pip is told of indexes, constraints and certificates is passed on. Exits with 1 where it is told
something that uv has no word for, and where uv fails; pip then does the same.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

OPTIONS = {
    "index-url": "--default-index",
    "extra-index-url": "--extra-index-url",
    "find-links": "--find-links",
    "constraint": "--constraint",
    "trusted-host": "--allow-insecure-host",
}
"""pip's option -> uv's."""
ENVIRONMENT = {"cert": "SSL_CERT_FILE", "proxy": "ALL_PROXY"}
"""pip's option -> the variable that uv reads."""
IDLE = {"cache-dir", "default-timeout", "disable-pip-version-check", "no-input", "progress-bar", "retries", "root-user-action", "timeout"}
"""Options that change nothing of what is installed."""
SECTIONS = ("global", "install", ":env:")
"""Of pip's configuration, the later over the earlier."""


def configured(text: str) -> dict[str, list[str]] | None:
    """What ``pip config list`` says, each option's values; None where uv has no word for one of them."""
    found: dict[str, tuple[int, list[str]]] = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if section in SECTIONS and (rank := SECTIONS.index(section)) >= found.get(option, (0,))[0]:
            found[option] = (rank, str(ast.literal_eval(value)).split())
    if found.keys() - OPTIONS.keys() - ENVIRONMENT.keys() - IDLE:
        return None
    return {option: values for option, (_, values) in found.items() if option not in IDLE}


def main() -> int:
    """Install; 0 where it is done."""
    said = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True).stdout
    options, uv = configured(said), Path(sys.executable).with_name("uv")
    if options is None or not uv.exists():
        return 1
    words = [word for option, flag in OPTIONS.items() for value in options.get(option, ()) for word in (flag, value)]
    told = {name: " ".join(options[option]) for option, name in ENVIRONMENT.items() if option in options}
    # Beside what is installed, so that files are linked, not copied; nothing is left in the user's cache.
    cache = Path(sys.prefix, "uv-cache")
    command = [str(uv), "pip", "install", "--quiet", "--python", sys.executable, "--cache-dir", str(cache)]
    try:
        done = subprocess.run([*command, "--index-strategy", "unsafe-best-match", *words, *sys.argv[1:]], env={**os.environ, **told})
    finally:
        shutil.rmtree(cache, ignore_errors=True)
    return min(done.returncode, 1)


if __name__ == "__main__":
    sys.exit(main())
