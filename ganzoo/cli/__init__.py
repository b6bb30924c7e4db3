"""The command line: one command run, its exit code, and one line for every error.

Exit codes: 0 done; 2 the user's input is wrong; 3 the run failed; 130 and 143 stopped by a signal after saving. Commands
import what they need when they run, so that ``list`` and ``--help`` import no torch.
"""

from __future__ import annotations

import difflib
import io
import os
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from ganzoo.errors import GanzooError
from ganzoo.files import expanded
from ganzoo.plugins import one_file


def main() -> NoReturn:
    """The ``ganzoo`` command."""
    sys.exit(invoke(sys.argv[1:]))


def invoke(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; errors go to stderr as ``ganzoo: error: ...``."""
    import typer

    from . import completing
    from .app import app

    debug = "--debug" in arguments
    for name in ("stdout", "stderr"):  # None where they were closed before this process began
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123 (until the process ends)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":  # a path may be no text, or none of this terminal
        sys.stdout.reconfigure(errors="surrogateescape" if sys.stdout.encoding.lower() == "utf-8" else "backslashreplace")
    try:
        with completing.in_bash(), one_file.choosing():
            code = app(args=[_at_home(a) for a in arguments if a != "--debug"], prog_name="ganzoo", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except (BrokenPipeError, SystemExit) as end:
        # A reader such as `head` went away (typer makes SystemExit(1) of that): keep the last flush quiet, and end well.
        if isinstance(end, SystemExit) and not isinstance(end.__context__, BrokenPipeError):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, Exception) as error:
        cause = error.__cause__ if isinstance(error, typer.Abort) else error  # typer makes one of any EOFError, too
        if debug and isinstance(cause, Exception):
            raise
        return explain(cause) if isinstance(cause, Exception) else 130


def _at_home(argument: str) -> str:
    """``--out=~/a`` as it is meant: a shell expands a ``~`` only where a word begins with it."""
    option, _, value = argument.partition("=")
    return f"{option}={expanded(value)}" if option.startswith("--") and value.startswith("~/") else argument


def explain(error: Exception) -> int:
    """Say in one line what went wrong; returns the exit code."""
    if isinstance(error, GanzooError):
        message, code = str(error), error.exit_code
    elif hasattr(error, "format_message"):  # typer's usage errors
        if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help
            print(error.format_message(), file=sys.stderr)
            return 2
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "ganzoo"
        message, code = f"{_in_our_words(error.format_message())}; see '{command} --help'", 2
    elif type(error).__name__ == "OutOfMemoryError" or isinstance(error, MemoryError):
        message, code = "out of memory; lower train.batch_size or the networks' width", 3
    elif isinstance(error, OSError):
        message, code = f"{error.filename or 'a file'}: {error.strerror or error}", 3
    elif "home directory" in str(error):  # pathlib's RuntimeError for ~nobody/file
        message, code = "a path begins with '~' and the name of no user here; write its folder out", 2
    elif said := _of_a_component(error):
        message, code = said, 3
    else:
        message, code = f"unexpected {type(error).__name__}: {error}; run again with --debug and report it with 'ganzoo doctor'", 3
    print("ganzoo: error:", " ".join(message.split()), file=sys.stderr)
    return code


def _of_a_component(error: Exception) -> str:
    """What a plugin's component raised, with the step where a run was at one; "" where the error came out of none.

    It is the last frame's that belongs to a component, unless it is ganzoo's own.
    """
    named, step = "", ""
    components = [entry for entry in one_file.BASES if entry[0] != "optimizer"]
    bases: list[tuple[str, Any]] = [(kind, getattr(sys.modules.get(home), base, ())) for kind, home, base in components]
    for frame, line in traceback.walk_tb(error.__traceback__):
        itself = frame.f_locals.get("self")
        run: Any = getattr(itself, "run", itself)
        step = f" in step {run.step + 1}" if type(run).__name__ == "Run" else step
        for kind, base in bases:
            if isinstance(itself, base):
                named = f"{kind} {type(itself).__name__} ({Path(frame.f_code.co_filename).name}:{line})"
    said = f"{named.replace('dataset', 'data set', 1)} fails{step}: {type(error).__name__}: {error}"
    return f"{said}; repair the component, or choose another (--debug shows all)" if named else ""


def _in_our_words(message: str) -> str:
    """A usage error of typer's, with the nearest of what it suggests."""
    message = message.strip().rstrip(".").replace("Value error, ", "")
    for mark in (" (Possible options: ", ". Did you mean ", " is not one of "):
        said, found, offered = message.partition(mark)
        if found:
            wrong = said.split()[-1].strip("'")
            near = difflib.get_close_matches(wrong, re.findall(r"[\w-]+", offered), n=1)
            kept = message if "one of" in mark else said
            return f"{kept}; did you mean '{near[0]}'?" if near else kept
    return message
