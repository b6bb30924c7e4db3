"""Plugins of one Python file: those that a command was given, what they give, and whether their code may run.

A file is code that the user names (``--plugin``, ``GANZOO_PLUGINS``). What a configuration or a run directory names is data
that may come from anybody: that code runs with ``--allow-code`` only, or where this user has trained with the same file.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import importlib.metadata
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ganzoo.errors import UserError, did_you_mean
from ganzoo.files import expanded

from . import entry_points
from .entry_points import Given

VARIABLE = "GANZOO_PLUGINS"
"""The environment variable that names folders of one-file plugins, as PATH does."""
BASES = (
    ("generator", "ganzoo.players", "Generator"),
    ("critic", "ganzoo.players", "Critic"),
    ("loss", "ganzoo.rules", "Loss"),
    ("schedule", "ganzoo.rules", "Schedule"),
    ("dataset", "ganzoo.data.dataset", "Dataset"),
    ("metric", "ganzoo.metrics.metric", "Metric"),
    ("optimizer", "torch.optim", "Optimizer"),
)
"""Kind, and the module and name of the class that components of it derive from."""


@dataclass(frozen=True)
class Choice:
    """The plugins that one command asked for.

    Args:
        files: one-file plugins.
        without: plugins to leave out.
        allow_code: whether code that a configuration or a run directory names may run.
    """

    files: tuple[Path, ...] = ()
    without: tuple[str, ...] = ()
    allow_code: bool = False


NOTHING = Choice()
_CHOICE: ContextVar[Choice] = ContextVar("choice", default=NOTHING)


def choice() -> Choice:
    """What the command under way asked for."""
    return _CHOICE.get()


def choose(files: Sequence[Path] = (), without: Sequence[str] = (), allow_code: bool = False) -> None:
    """Add to what the command under way asks for: until the end of ``choosing``."""
    now = choice()
    _CHOICE.set(Choice((*now.files, *files), (*now.without, *without), now.allow_code or allow_code))


@contextmanager
def choosing() -> Iterator[None]:
    """What is chosen inside counts inside only."""
    token = _CHOICE.set(choice())
    try:
        yield
    finally:
        _CHOICE.reset(token)


def files_of_environment() -> list[Path]:
    """The one-file plugins in the folders that ``GANZOO_PLUGINS`` names; names that begin with ``_`` or ``.`` are left out.

    Raises:
        UserError: where one is not a folder.
    """
    found: list[Path] = []
    for text in filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)):
        if not Path(text).is_dir():
            raise UserError(f"{text} is not a folder", "name folders of Python files, or unset it", where=VARIABLE)
        found += sorted(path for path in Path(text).glob("*.py") if path.name[0] not in "._")
    return found


def chosen(installed: Mapping[Any, tuple[str, str]]) -> tuple[dict[Path, bool], set[Any]]:
    """What the command under way asked for.

    Args:
        installed: a key for each plugin but the core to its distribution and its name.

    Returns:
        The one-file plugins, each with whether the command itself names it; and the keys of what it leaves out.

    Raises:
        UserError: where it leaves out what is not there.
    """
    asked = choice()
    named = {path.resolve(): path for path in asked.files}
    files = [path for path in files_of_environment() if path.resolve() not in named]
    optional = {**installed, **{path: (path.name, path.stem) for path in files}}
    called = {key: {_plain(text) for text in (*names, names[0].removeprefix("ganzoo-"))} for key, names in optional.items()}
    for name in asked.without:
        if not any(_plain(name) in names for names in called.values()):
            exist = [distribution.removeprefix("ganzoo-") for distribution, _ in optional.values()]
            remedy = did_you_mean(name, exist, noun="plugins")
            raise UserError(f"there is no plugin '{name}' to leave out", remedy, where=f"-p no:{name}")
    left_out = {key for key, names in called.items() if names & set(map(_plain, asked.without))}
    return {path: False for path in files if path not in left_out} | dict.fromkeys(named.values(), True), left_out


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def read_code(path: Path) -> bytes:
    """The text of a one-file plugin.

    Raises:
        UserError: where there is none.
    """
    try:
        if path.suffix == ".py":
            return path.read_bytes()
    except (OSError, ValueError) as error:
        raise UserError(f"the plugin {path} cannot be read: {getattr(error, 'strerror', error)}", "name a Python file") from error
    raise UserError(f"{path} is not a Python file", "name a file that ends in .py")


def version_of(content: bytes) -> str:
    """The version of a one-file plugin: 16 hexadecimal digits of its sha256."""
    return f"sha256:{hashlib.sha256(content).hexdigest()[:16]}"


def module_of(path: Path, content: bytes) -> ModuleType:
    """The file as a module, run at most once in a process; whatever the file raises is raised."""
    path = path.resolve()
    name = f"ganzoo_file_{re.sub(r'[^0-9A-Za-z]', '_', path.stem)}_{hashlib.sha256(str(path).encode() + content).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec  # as its name ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up while they are made
    try:
        with redirect_stdout(sys.stderr):  # what a plugin prints must not get into a command's output
            exec(compile(content, path, "exec"), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def given_by(path: Path, content: bytes) -> list[Given]:
    """What the file gives: by its hooks, where it has any; otherwise the classes in it that derive from one of ``BASES``.

    Raises:
        UserError: where it gives nothing, or a hook is wrong.
    """
    module = module_of(path, content)
    if any(hasattr(value, "ganzoo_impl") or name.startswith("ganzoo_") for name, value in vars(module).items() if callable(value)):
        found = entry_points.given_by(module, importlib.metadata.EntryPoint(path.stem, path.name, "ganzoo"))
        return [(kind, name, _class_in(module, path, target), default) for kind, name, target, default in found]
    bases: list[tuple[str, Any]] = [(kind, getattr(sys.modules.get(home), base, ())) for kind, home, base in BASES]
    found = [
        (kind, snake_case(name), cls, False)
        for name, cls in vars(module).items()
        if isinstance(cls, type) and cls.__module__ == module.__name__ and not name.startswith("_") and not inspect.isabstract(cls)
        for kind, base in bases
        if issubclass(cls, base)
    ]
    if not found:
        remedy = "derive a class from ganzoo.Loss, Generator, Critic, Schedule, Dataset or Metric, or write a hook"
        raise UserError(f"{path.name} gives no component", remedy)
    return found


def snake_case(name: str) -> str:
    """A class's name as configurations write it: ``TallTower`` is ``tall_tower``, ``RGBTower`` ``rgb_tower``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _class_in(module: ModuleType, path: Path, target: str | type) -> str | type:
    """What a hook of a one-file plugin gives: ``"tower:Tower"`` in ``tower.py`` is its own class."""
    home, _, attribute = target.partition(":") if isinstance(target, str) else ("", "", "")
    if home not in (path.stem, module.__name__):
        return target
    own = getattr(module, attribute, None)
    return own if isinstance(own, type) else f"{module.__name__}:{attribute}"


def difference(before: bytes, now: bytes) -> str:
    """The first place where two texts differ, in one line: ``line 12 was 'x = 1', and is now 'x = 2'``; "" where none does."""
    old, new = (text.decode("utf-8", "backslashreplace").splitlines() for text in (before, now))
    for kind, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "insert":
            return f"line {k + 1} is new: {new[k].strip()!r}"
        if kind == "delete":
            return f"line {i + 1} is gone: {old[i].strip()!r}"
        if kind == "replace":
            pairs = list(zip(range(i, j), range(k, m), strict=False))
            a, b = next(((a, b) for a, b in pairs if old[a] != new[b]), pairs[0])
            return f"line {a + 1} was {old[a].strip()!r}, and is now {new[b].strip()!r}"
    return ""


def may_run(content: bytes) -> bool:
    """Whether code from a run directory may run: ``--allow-code``, or this user has trained with that very file before."""
    if choice().allow_code:
        return True
    with contextlib.suppress(OSError, ValueError, UserError):
        return hashlib.sha256(content).hexdigest() in _known().read_text(encoding="utf-8").split()
    return False


def remember(content: bytes) -> None:
    """Note that this user trains with the file; where nothing can be noted, ``--allow-code`` is asked for later."""
    with contextlib.suppress(OSError, ValueError, UserError):
        digest, known = hashlib.sha256(content).hexdigest(), _known()
        known.parent.mkdir(parents=True, exist_ok=True)
        if not known.exists() or digest not in known.read_text(encoding="utf-8").split():
            with known.open("a", encoding="utf-8") as file:
                file.write(f"{digest}\n")


def _known() -> Path:
    """The sha256 sums of the files that this user has trained with, a line each."""
    return expanded(os.environ.get("XDG_STATE_HOME") or "~/.local/state") / "ganzoo" / "known-code"
