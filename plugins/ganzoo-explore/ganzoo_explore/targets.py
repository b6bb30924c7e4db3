"""Where what becomes of each picture goes: one file out for each in, and none of the pictures written over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ganzoo.errors import UserError
from ganzoo.plugins.index import import_part
from ganzoo.ui.progress import reporter as choose_reporter

PICTURE, ARRAYS = ".png", ".npz"
"""How what is written ends."""


def find_targets(sources: Iterable[Path], out: Path, texts: bool = False) -> list[tuple[Path, Path]]:
    """Each picture of ``sources`` (of ``texts``, each .txt), and where in ``out`` what becomes of it goes, without its ending.

    Raises:
        UserError: where a source is not there or holds no pictures; where ``out`` is no folder, or lies in a source; where two
            pictures would become one file, or one would be written over.
    """
    above = next((path for path in (out, *out.parents) if path.exists()), out)
    if above.exists() and not above.is_dir():
        raise UserError(f"{above} is a file", "name a folder", key="--out")
    found = [pair for source in sources for pair in _pictures_of(source, out, texts)]
    stems = Counter(target.with_suffix("") for _, target in found)
    pairs = [(path, stem if stems[stem := target.with_suffix("")] == 1 else target) for path, target in found]
    pictures = {path.resolve() for path, _ in pairs}
    taken: dict[Path, Path] = {}
    for path, target in pairs:
        if target in taken:
            what = f"{taken[target]} and {path} would both become {target}{PICTURE}"
            raise UserError(what, "name each picture once; those of one name need an --out each", key="--from")
        taken[target] = path
        for file in (target.with_name(target.name + ending) for ending in (PICTURE, ARRAYS)):
            if file.resolve() in pictures:
                raise UserError(
                    f"what becomes of {path} would be written over {file}, a picture of --from", "name another folder", key="--out"
                )
    return pairs


def _pictures_of(source: Path, out: Path, texts: bool) -> list[tuple[Path, Path]]:
    """The pictures of one source, and their names in ``out``."""
    if source.is_dir():
        if out.resolve().is_relative_to(source.resolve()):
            is_it = "is" if out.resolve() == source.resolve() else "lies in"
            raise UserError(f"it {is_it} the folder that pictures come from", "name another", key="--out", where=str(out))
        if texts:
            if found := sorted(path.relative_to(source) for path in source.rglob("*.txt")):
                return [(source / path, out / path) for path in found]
            raise UserError("it holds no texts (.txt)", "write one for each picture that is wanted", key="--from", where=str(source))
        reading = import_part("ganzoo_data.sources", "what reads pictures")
        folder = reading.Folder(source)
        reading.refuse_nothing(folder, source, key="--from")
        reading.tell_of_others(folder, source, choose_reporter())
        return [(source / name, out / name) for name in folder.names]
    if not source.is_file():
        raise UserError("there is no such file or folder", "look at its name", key="--from", where=str(source))
    if source.name.lower().endswith(import_part("ganzoo_data.archives", "what reads pictures").ENDINGS):
        raise UserError("it is an archive", "unpack it, and name the folder of its pictures", key="--from", where=str(source))
    return [(source, out / source.name)]
