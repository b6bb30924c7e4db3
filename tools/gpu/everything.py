"""Stage I: every recipe and every kind of network and loss, small: the first steps as on a CPU, and as graphs as kernel by kernel.

Random numbers are drawn on the CPU where a GPU is compared with it. Graphs are compared bit for bit, after enough steps that every kind of
step is recorded. Some processes share the work and the card.
"""

from __future__ import annotations

import os

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # before torch: it is read once

import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ganzoo.config import load_config, parse_config, resolve
from ganzoo.config.settings import RunConfig
from ganzoo.engine.build import build
from ganzoo.engine.graphs import GraphedUpdates
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter

from .parity import differing
from .training import figure, recorded, rehearsing, seed, weights

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests" / "helpers"), str(ROOT / "plugins" / "ganzoo-data" / "tests" / "helpers")]

import stand_ins  # noqa: E402
from resumed import CASES, registry  # noqa: E402

KINDS = ("generator", "critic", "loss", "schedule")
WORKERS = 12
STEPS = 90
"""Of a run as graphs: a loss every sixteenth step is recorded after its fourth."""
COMPARED = 3
"""Steps of a run on the GPU and on the CPU."""
CLOSE = 2e-3
"""How far what is logged may be apart on the two, relatively: sums are rounded otherwise, and three steps pass that on."""
NUDGE = 1e-6
"""Relative change of the weights whose effect on the CPU, three times, is allowed besides: some norms of gradients follow any rounding."""
DRAWS = frozenset({"rand", "randn", "randint", "randperm", "rand_like", "randn_like", "bernoulli", "multinomial", "normal"})
DRAWS_IN_PLACE = frozenset({"bernoulli_", "uniform_", "normal_", "random_", "exponential_"})


class DrawsOnCPU(TorchFunctionMode):
    """Random numbers for any device come from the CPU's generator."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Draw there, and take what was drawn to where it belongs."""
        kwargs, name = dict(kwargs or {}), getattr(func, "__name__", "")
        if name in DRAWS_IN_PLACE and args[0].device.type != "cpu":
            return args[0].copy_(func(args[0].cpu(), *args[1:], **kwargs))
        if name in DRAWS or "dropout" in name:
            tensors = [value for value in args if isinstance(value, Tensor)]
            device = kwargs.pop("device", None) or (tensors[0].device if tensors else "cpu")
            args = [value.cpu() if isinstance(value, Tensor) else value for value in args]
            return func(*args, **kwargs).to(device)
        return func(*args, **kwargs)


def main() -> int:
    """Try all; returns 1 where something differs or fails."""
    arguments = rehearsing(__doc__, "which")
    cases = every_case()
    if arguments.which:
        return max([tried(name, cases[name], arguments.rehearse) for name in arguments.which.split("|")])
    names = list(cases)[: 4 if arguments.rehearse else None]
    workers = 1 if arguments.rehearse else WORKERS
    more = ["--rehearse"] if arguments.rehearse else []
    shares = [names[i::workers] for i in range(workers)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    processes = [subprocess.Popen([sys.executable, "-m", "gpu.everything", "|".join(s), *more], env=environment) for s in shares]
    codes = [process.wait() for process in processes]
    figure("cases", f"{len(names)}, exit codes {codes}")
    return int(any(codes))


def every_case() -> dict[str, str]:
    """Name to configuration, or to the file of a recipe."""
    recipes = {path.stem: str(path) for path in sorted((ROOT / "zoo_configs").glob("*.yaml"))}
    return {**recipes, **{name: text for name, (text, *_) in CASES.items()}}


def untried() -> set[str]:
    """Networks, losses and schedules that no case names."""
    configs = [load_config(text) if text.endswith(".yaml") else parse_config(text) for text in every_case().values()]
    named = {part.component.target for config in configs for part in resolve(config, registry()).parts}
    wanted = {c.target: f"{c.kind} {c.name}" for c in Registry.installed().components if c.kind in KINDS}
    return {name for target, name in wanted.items() if target not in named}


def configuration(text: str, train: Mapping[str, Any], folder: Path) -> RunConfig:
    """A small edition of a case; its data, where it is not shipped, is noise in ``folder``."""
    keys = [f"train.{key}={value}" for key, value in train.items()]
    if not text.endswith(".yaml"):
        return parse_config(text, overrides=keys)
    config = load_config(text)
    keys += [f"{side}.{stand_ins.SMALL[getattr(config, side).name]}" for side in ("generator", "critic")]
    keys += little_data(config, folder, 80)
    keys += ["data.size=64", "data.load_size=72"] if "load_size" in config.data.params else []
    keys += ["schedule.boost_updates=2"] if config.schedule.name == "wgan" else []
    return load_config(text, [*keys, "train.batch_size=4", f"train.steps={STEPS}"])


def little_data(config: RunConfig, folder: Path, count: int) -> list[str]:
    """What gives a recipe noise in ``folder`` for data and weights that are not shipped, and ``count`` samples of what is drawn."""
    name = config.data.name
    if name in stand_ins.WRITE and not folder.exists():
        stand_ins.WRITE[name](folder)
    drawn = name in stand_ins.DRAWN or "count" in config.data.params
    weights = stand_ins.pretrained(config.loss, folder.with_suffix(".pth"))
    return [*([f"data.root={folder}"] if name in stand_ins.WRITE else []), *([f"data.count={count}"] if drawn else []), *weights]


def tried(name: str, text: str, rehearse: bool) -> int:
    """Compare one case; returns 1 where something differs or fails."""
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "data"
        for compare in (on_both, as_graphs):
            try:
                problems += compare(text, folder, rehearse)
            except Exception as error:
                problems.append(f"{compare.__name__}: {type(error).__name__}: {' '.join(str(error).split())[:300]}")
    if problems:
        figure(name, "; ".join(problems))
    else:
        print(f"{name}: as it should be", flush=True)
    return int(bool(problems))


def on_both(text: str, folder: Path, rehearse: bool) -> Iterator[str]:
    """What is logged in the first steps, on the GPU and on the CPU."""
    ways = (("cpu", 0.0), ("cpu", NUDGE), ("cpu" if rehearse else "cuda", 0.0))
    for step, (ours, nudged, theirs) in enumerate(zip(*(logged(text, *way, folder) for way in ways), strict=True)):
        scale = max(map(abs, ours.values()), default=0.0)
        apart = {
            key: (value, theirs.get(key))
            for key, value in ours.items()
            if not abs(value - theirs.get(key, float("nan"))) <= CLOSE * max(abs(value), 1e-2 * scale) + 3 * abs(value - nudged[key])
        }
        if apart or ours.keys() != theirs.keys():
            yield f"step {step} on the CPU and on the GPU: {dict(list(apart.items())[:3]) or ours.keys() ^ theirs.keys()}"
            return


def logged(text: str, device: str, nudge: float, folder: Path) -> list[dict[str, float]]:
    """What each of the first steps would log, with the weights changed by ``nudge`` at random."""
    seed(0)
    config = configuration(text, {"device": device, "precision": "fp32", "cuda_graphs": "false", "threads": 1}, folder)
    run, _ = build(config, resolve(config, registry()), reporter(quiet=True))
    torch.backends.cudnn.benchmark = False
    if nudge:
        with torch.no_grad():
            for parameter in (*run.generator.parameters(), *run.critic.parameters()):
                parameter.mul_(1 + nudge * torch.randn(parameter.shape))
    seed(1)
    loop, found = Loop(run, Meter()), []
    with DrawsOnCPU():
        for _ in range(COMPARED):
            loop.step()
            loop.check()
            found.append({key: value for key, value in loop.meter.read().items() if key not in ("images_per_second", "seconds")})
    return found


def as_graphs(text: str, folder: Path, rehearse: bool) -> Sequence[str]:
    """The weights after many steps, recorded and not; what is refused; whether a step waits for the device at the end."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    problems = []
    try:
        (eager, _, _), (graphed, notes, waits) = (trained(text, graphs, folder, rehearse) for graphs in (False, True))
        problems += [f"kernel by kernel: {' '.join(notes)}"] if notes else []
        problems += [f"{waits} waits in five steps"] if waits and not notes else []
        if differs := differing(eager, graphed):
            again = differing(eager, trained(text, False, folder, rehearse)[0])
            problems.append(f"as graphs: {differs}" + (f" (kernel by kernel twice: {again})" if again else ""))
    finally:
        torch.use_deterministic_algorithms(False)
    return problems


def trained(text: str, graphs: bool, folder: Path, rehearse: bool) -> tuple[dict[str, Tensor], list[str], int]:
    """The weights after some steps, the notes, and how often the last steps waited for the device."""
    seed(0)
    device = "cpu" if rehearse else "cuda"
    config = configuration(text, {"device": device, "precision": "auto", "cuda_graphs": str(graphs).lower(), "threads": 1}, folder)
    run, _ = build(config, resolve(config, registry()), reporter(quiet=True))
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = False, True
    notes: list[str] = []
    loop = Loop(run, Meter(), recorded(run, notes.append) if graphs else None)
    for _ in range(6 if rehearse else STEPS - 5):
        loop.step()
    waits = 0
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        if not rehearse:
            torch.cuda.set_sync_debug_mode("warn")
        for _ in range(5):
            loop.step()
        if not rehearse:
            torch.cuda.set_sync_debug_mode("default")
        waits = sum("called a synchronizing" in str(warning.message) for warning in said)
    loop.check()
    if graphs and not notes and isinstance(loop.runner, GraphedUpdates) and not loop.runner._replays:
        notes.append("nothing was recorded")
    return weights(run), notes, waits


if __name__ == "__main__":
    raise SystemExit(main())
