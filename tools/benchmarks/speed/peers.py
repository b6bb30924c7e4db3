"""Scripts of other collections, run as they are published and measured from outside; their files are arguments, none is kept here."""

from __future__ import annotations

import re
import statistics
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganzoo.engine.device import has_bf16
from ganzoo.errors import GanzooError, UserError, did_you_mean

from .images import arrays, write_folder
from .page import table
from .runs import environment, processor_seconds, run_ganzoo
from .workloads import BATCH, WORKLOADS


@dataclass(frozen=True)
class Peer:
    """A script and the workload whose networks it has.

    Args:
        source: where it is published.
        workload: ours.
        ways: of computing of ours that are measured.
        arguments: the script's; ``{data}`` stands for a folder with a class folder of PNG files.
        images: real images from one line of its log to the next.
        lines: of its log to measure.
    """

    source: str
    workload: str
    ways: tuple[str, ...]
    arguments: tuple[str, ...]
    images: int
    lines: int


EXAMPLE = ("--dataset", "folder", "--dataroot", "{data}", "--workers", "0", "--niter", "1000", "--outf", ".")
PEERS = {
    "dcgan": Peer("pytorch/examples, dcgan/main.py", "dcgan64", ("fp32", "bf16"), EXAMPLE, BATCH, 5),
    "gan": Peer("eriklindernoren/PyTorch-GAN, implementations/gan/gan.py", "mlp", ("fp32",), (), BATCH, 200),
    "wgan_gp": Peer("eriklindernoren/PyTorch-GAN, implementations/wgan_gp/wgan_gp.py", "wgan_gp_mlp", ("fp32",), (), 5 * BATCH, 20),
}
"""What ``--peer`` takes."""
PROGRESS = re.compile(r"\[(Batch )?\d+/\d+\]")


def measure_peers(given: Sequence[str], rounds: int, work: Path, quick: bool, say: Callable[[str], None]) -> list[str]:
    """One row for each script and way of computing: the ratio of images a processor second, in turns; bf16 where the processor has it.

    Raises:
        UserError: for a name or a file that does not exist.
        GanzooError: where a script fails.
    """
    if not given:
        raise UserError("no script is given to measure", f"give --peer NAME=FILE, NAME one of {', '.join(PEERS)}", key="--peer")
    rows = []
    for name, script in map(_named, given):
        peer = PEERS[name]
        write_data(work)
        steps = 1 if quick else WORKLOADS[peer.workload].steps
        theirs: list[float] = []
        ours: dict[str, list[float]] = {way: [] for way in peer.ways if way != "bf16" or has_bf16()}
        for _ in range(rounds):
            theirs.append(rate_of_script(peer, script, 1 if quick else peer.lines, work))
            for way, rates in ours.items():
                found = run_ganzoo(peer.workload, way, steps, work)
                rates.append(found["images"] / found["seconds"])
            say(f"{name}: {theirs[-1]:.0f} images/s, ganzoo " + ", ".join(f"{way} {rates[-1]:.0f}" for way, rates in ours.items()))
        for way, rates in ours.items():
            ratios = sorted(mine / other for mine, other in zip(rates, theirs, strict=True))
            middle = statistics.median(ratios)
            rates_of_both = (f"{statistics.median(theirs):,.0f}", f"{statistics.median(rates):,.0f}")
            rows.append((peer.source, f"`{peer.workload}`", way, *rates_of_both, f"**{middle:.2f}**", f"{ratios[0]:.2f}, {ratios[-1]:.2f}"))
    return table(("Script", "Workload", "Computing of ganzoo", "Its images/s", "ganzoo's", "Ratio", "Rounds from, to"), rows)


def _named(text: str) -> tuple[str, Path]:
    """``NAME=FILE``."""
    name, _, file = text.partition("=")
    if name not in PEERS:
        raise UserError(f"there is no script '{name}'", did_you_mean(name, PEERS), key="--peer")
    if not Path(file).is_file():
        raise UserError(f"there is no file '{file}'", f"give {name}=FILE, from a copy of {PEERS[name].source}", key="--peer")
    return name, Path(file).resolve()


def write_data(work: Path) -> None:
    """PNG files in a class folder, and the bundled digits in MNIST's files, where the scripts look for them from ``work/a/script``."""
    (work / "a" / "script").mkdir(parents=True, exist_ok=True)
    if not (work / "pictures").exists():
        write_folder(WORKLOADS["dcgan64"], work / "pictures")
    classes = work / "classes"
    if not classes.exists():
        write_folder(WORKLOADS["dcgan64"], classes / "one")
    raw = work / "data" / "mnist" / "MNIST" / "raw"
    if not raw.exists():
        raw.mkdir(parents=True)
        images, labels = arrays(WORKLOADS["mlp"])
        for part in ("train", "t10k"):
            (raw / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4i", 2051, *images.shape) + images.tobytes())
            (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 2049, len(labels)) + labels.astype(np.uint8).tobytes())


def rate_of_script(peer: Peer, script: Path, lines: int, work: Path) -> float:
    """Images a processor second between two lines of its log, of which the first two are left out.

    Raises:
        GanzooError: where it ends before.
    """
    command = [sys.executable, "-u", str(script), *(word.format(data=work / "classes") for word in peer.arguments)]
    where, around = work / "a" / "script", environment(work)
    marks: list[float] = []
    with subprocess.Popen(command, cwd=where, env=around, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        said, seen = "it said nothing", 0
        for line in process.stdout or ():
            said = line.strip() or said
            seen += bool(PROGRESS.search(line))
            if seen in (2, 2 + lines) and PROGRESS.search(line):
                marks.append(processor_seconds(process.pid))
            if len(marks) == 2:
                break
        process.kill()
    if len(marks) < 2:
        raise GanzooError(f"{script.name} ended before it was measured: {said}")
    return lines * peer.images / (marks[1] - marks[0])
