"""What carries a trained generator elsewhere: ``export``, ``pack``."""

from __future__ import annotations

from pathlib import Path

from ganzoo.registry import Registry
from ganzoo.runs.export import SUFFIXES, Format, export_generator
from ganzoo.runs.pack_reader import fingerprint
from ganzoo.runs.pack_writer import make_pack
from ganzoo.runs.trained import load_trained
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_json


def export(folder: Path, to: Format, out: Path | None, weights: Path | None, as_json: bool) -> None:
    """Write the generator as one file, and say how far it is from the generator."""
    trained = load_trained(folder, weights, Registry.installed(), choose_reporter())
    done = export_generator(trained, to, out or folder / f"generator{SUFFIXES[to]}")
    if as_json:
        print_json({"file": str(done.path), "inputs": list(done.inputs), "difference": done.difference})
        return
    compared = "not compared: onnxruntime is not installed"
    if done.difference is not None:
        compared = f"at most {done.difference:.2g} from the generator"
    print(f"{done.path}: {', '.join(done.inputs)} -> sample; {compared}")


def pack(folder: Path, out: Path | None, license_name: str | None, as_json: bool) -> None:
    """Write a pack, and say what stands for the whole of it."""
    trained = load_trained(folder, None, Registry.installed())
    name = folder.resolve().name
    target = out or folder.resolve().parent / f"{name}-pack"
    files = make_pack(trained, target, license_name)
    if as_json:
        print_json({"folder": str(target), "sha256": fingerprint(target), "files": files})
    else:
        print(f"{target}: {len(files) + 1} files, sha256 {fingerprint(target)} (of SHA256SUMS)")
