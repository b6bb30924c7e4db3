"""What Python writes to, and how much memory it takes, inside a block."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_watched: list[list[str]] = []


def _note(event, arguments):
    written = event in ("os.mkdir", "os.link", "os.symlink", "os.rename") or (event == "open" and arguments[2] and arguments[2] & WRITING)
    for names in _watched if written and not isinstance(arguments[0], int) else ():  # a descriptor: its file was noted when it was opened
        names.append(os.fsdecode(arguments[0]))


sys.addaudithook(_note)


@contextmanager
def nothing_is_written_but_in(folder: Path):
    written: list[str] = []
    _watched.append(written)
    try:
        yield
    finally:
        _watched.remove(written)
    assert [name for name in written if folder not in (Path(name), *Path(name).parents)] == []


@contextmanager
def nothing_grows_beyond(megabytes: int):
    """The process's memory, at its peak within the block."""
    if sys.platform != "linux":
        yield
        return
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = peak()
    yield
    assert peak() - before < megabytes


def peak() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) >> 10
