"""What Python writes to, and how much memory it takes, inside a block."""

import ctypes
import gc
import os
import sys
from contextlib import contextmanager
from pathlib import Path

import torch  # noqa: F401 -- its libraries would count as growth where they are first asked for in a block

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
    """The process's memory, at its peak within the block.

    What is given back within the block would hide as much growth: what Python and malloc hold in store is given back
    before it, and pages of files that the kernel took meanwhile (of libraries; it can read them again) count as growth.
    """
    if sys.platform != "linux":
        yield
        return
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # glibc's
        trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before, files = memory("VmHWM"), memory("RssFile")
    yield
    assert memory("VmHWM") - before + max(0, files - memory("RssFile")) < megabytes


def memory(name: str) -> int:
    """A line of this process's status, in MiB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) >> 10
