"""Makes a pack of a run: all that another machine needs to sample, and all that a reader should know, in one folder."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo.config import strict_yaml
from ganzoo.config.yaml_writer import dump
from ganzoo.engine.sampling import CLOUD
from ganzoo.errors import GanzooError, UserError
from ganzoo.rundir.files import read_environment
from ganzoo.rundir.kept import PLUGINS
from ganzoo.rundir.record import read_record
from ganzoo.rundir.weights import export
from ganzoo.runs.packs import NEEDED, PINS, SUMS, sha256_of
from ganzoo.runs.trained import Trained

from .card import write_card

EXAMPLE = "example.png"
KEPT_FACTS = ("run", "seed", "data", "runtime", "versions", "started")
"""Entries of ``env.json`` that concern others; the machine it ran on does not."""
PICTURED = 64


def make_pack(trained: Trained, out: Path, license_name: str | None) -> dict[str, str]:
    """Write the pack of a run's generator into ``out``: all of it, or nothing.

    Paths on this machine are shortened to their last part, and trackers are left out: neither is anybody's business.

    Args:
        trained: a run.
        out: the folder; it must not exist, or be empty.
        license_name: of the weights, as its author states it; None: not stated.

    Returns:
        File name -> sha256, of every file but the sums themselves.

    Raises:
        UserError: where ``out`` holds something, or the run is a pack already.
        GanzooError: where the disk refuses.
    """
    source = trained.folder
    if (source / SUMS).exists():
        raise UserError(f"{source} is a pack already", "copy it", key="RUN")
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UserError(f"{out} exists and is not empty", "choose another folder", key="--out")
    environment = read_environment(source)
    config = shortened({**strict_yaml.read(source / "config.yaml").value, "observers": []})
    facts = {name: environment[name] for name in KEPT_FACTS if name in environment}
    if starts := read_record(source).starts:  # the weights are of the last one
        facts |= {name: starts[-1].environment[name] for name in ("runtime", "versions") if name in starts[-1].environment}
    facts["command"] = _command(str(environment.get("command", "")))
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=f".{out.name}.") as temporary:
            folder = Path(temporary) / "pack"
            (folder / "weights").mkdir(parents=True)
            (folder / "config.yaml").write_text(dump(config), encoding="utf-8")
            (folder / "env.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            if trained.checkpoint:
                export(trained.generator.state_dict(), folder / NEEDED[2], **trained.facts)
            else:
                shutil.copyfile(source / NEEDED[2], folder / NEEDED[2])
            if (source / PLUGINS).is_dir():  # plugins of one file, which nobody can install
                shutil.copytree(source / PLUGINS, folder / PLUGINS, ignore=shutil.ignore_patterns("__pycache__"))
            (folder / PINS).write_text(requirements(trained, facts.get("versions", {})), encoding="utf-8")
            step = int(trained.facts["step"]) if trained.checkpoint else None
            _example(trained).save_png(folder / EXAMPLE)
            write_card(
                folder, source, step, title=out.name.removesuffix("-pack"), data_source=_data_source(trained), license_name=license_name
            )
            sums = {path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()}
            (folder / SUMS).write_text("".join(f"{value}  {name}\n" for name, value in sums.items()), encoding="utf-8")
            os.replace(folder, out)  # noqa: PTH105  (over an empty folder, which Path.rename refuses on some systems)
    except OSError as error:
        raise GanzooError(f"cannot write {out}: {error.strerror or error}") from error
    return sums


def shortened(value: Any) -> Any:
    """Plain values with every absolute path in them cut to its last part: whose home folder it was concerns nobody."""
    if isinstance(value, Mapping):
        return {key: shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shortened(item) for item in value]
    if not isinstance(value, str):
        return value
    before, equals, path = value.rpartition("=")  # -o data.root=/home/...
    return f"{before}{equals}{Path(path).name}" if path.startswith(("/", "~/")) else value


def requirements(trained: Trained, versions: Mapping[str, str]) -> str:
    """Exact pins: what sampling needs, and behind ``#`` what trained it besides."""
    own = trained.part.component.distribution
    needed = {"ganzoo-core": "", "ganzoo-explore": "", own: "", "torch": "", "numpy": ""}
    pins = {name: str(version).partition("+")[0] for name, version in versions.items()}  # 2.15.0+cpu: no index has it
    pins = {name: version for name, version in pins.items() if name != "python" and not name.endswith(".py")}
    pins |= {"ganzoo-explore": pins["ganzoo-core"]} if "ganzoo-core" in pins else {}  # which are released together
    lines = [f"{name}=={pins[name]}" for name in needed if name in pins]
    besides = [f"# {name}=={version}" for name, version in pins.items() if name not in needed]
    python = f"# Python {versions['python']}\n" if "python" in versions else ""
    return python + "\n".join(lines) + ("\n\n# To train it again:\n" + "\n".join(besides) if besides else "") + "\n"


def _command(text: str) -> str:
    try:
        return shlex.join(shortened(shlex.split(text)))
    except ValueError:  # a quote that nothing closes
        return ""


def _example(trained: Trained) -> Any:
    classes = trained.data.classes
    count = PICTURED if trained.data.is_image else CLOUD
    return trained.sample(8 * classes if trained.conditional and 1 < classes <= 20 else count, seed=0)


def _data_source(trained: Trained) -> str:
    """Where the data comes from and its licence; "" where its plugin is not installed here."""
    try:
        return str(getattr(trained.dataset.cls, "source", ""))
    except UserError:
        return ""
