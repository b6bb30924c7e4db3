"""A reader of README and docs: does what they show, from top to bottom, in a folder of its own.

A line that holds nothing but a path in backticks names the file that the next block holds. A YAML block that is not a whole
configuration changes keys of the one before it. A block behind ``<!-- not executed: REASON -->`` is only read.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from fenced import blocks
from forked import ganzoo
from stand_ins import DRAWN, SMALL, WRITE, missing
from typer.main import get_command

from ganzoo import compat
from ganzoo.cli import invoke
from ganzoo.cli.app import app
from ganzoo.config import load_config, parse_config, resolve, strict_yaml
from ganzoo.config.yaml_writer import dump
from ganzoo.data.cache import Cache
from ganzoo.data.spec import describe_data
from ganzoo.plugins.one_file import choose, choosing
from ganzoo.registry import Registry

ROOT = Path(__file__).parents[2]
WHOLE = {"data", "generator", "critic", "loss"}

REDUCED = {
    "run": "-o train.steps={steps} -o train.batch_size=8 -o train.threads=1 -o sample.count=10",
    "eval": "-o samples=300 -o real_samples=300",
    "eval, as many": "-o samples=300",  # of a metric that compares equal numbers
    "sweep": "--dry-run",
    "matrix": "--of least_squares",
}
"""Command to what is added to it, unless documents are read whole (tools/test -m slow tests/docs/test_docs.py)."""
OF_PAIRS = {*("psnr", "ssim", "l1", "relative_l1", "super_resolution", "inpainting"), "as_described", "shape_and_colour", "changed_digits"}
"""Metrics that take as many samples as a split has pairs."""
LARGE = {"unet", "patchgan", "patchgan_pair", "cyclegan", "pixeldt", "stackgan"}
"""Networks that are made small wherever they are trained."""
STAND_IN = "-o train.steps=1 -o train.batch_size=4 -o train.threads=1 -o metrics=[]"
"""What is added, always, to trainings on data that is not shipped: a dozen random samples take its place."""
UTILITIES = {"cat", "cd", "cmp", "cp", "echo", "grep", "head", "ls", "mkdir", "mv", "rm", "tail", "unzip"}
"""Other commands that are done as they stand, by bash."""
ELSEWHERE = {
    "./tools/demo": "tools/demo, which CI runs in a fresh clone",
    "./tools/test": "tools/test, which runs these tests",
    "./tools/gpu_check": "tests/tools/test_gpu_check.py",
    "tools/build_docs": "tests/docs/test_docs_build.py",
    "tools/benchmark_quality": "tests/tools/test_benchmark_quality.py",
    "tools/bench": "tests/tools/test_bench.py",
    "tools/benchmark_growth": "tests/tools/test_benchmark_growth.py",
    "tools/draw_theory": "tests/tools/test_theory_charts.py",
    "pip install --no-deps --index-url": "plugins/ganzoo-kit/tests/test_check_plugin.py",
    "python -m http.server": "plugins/ganzoo-kit/tests/test_check_plugin.py",
    "torchrun": "tests/engine/test_torchrun.py",
    "GANZOO_FUZZ_SEED=7 tools/test": "tests/reliability",
    "tools/prove_reliability": "tests/reliability",
    "tools/make_gallery": "tests/docs/test_gallery.py",
    "tensorboard": "plugins/ganzoo-tensorboard/tests/test_tensorboard.py",
    "tools/test": "tools/test, which runs these tests",
}
"""How a command begins, and what executes it: where a document shows one, only its existence and arguments of ganzoo are seen to."""


class Reader:
    """Somebody who does what a document says, in ``folder``; ``whole``: without making trainings short."""

    def __init__(self, document, folder, monkeypatch, capsys, whole=False):
        self.document, self.folder, self.monkeypatch, self.capsys, self.whole = document, folder, monkeypatch, capsys, whole
        self.names, self.config, self.code = {"__name__": "document"}, {}, 0
        self.installed = set()

    def read(self):
        for block in blocks((ROOT / self.document).read_text(encoding="utf-8")):
            if block.file:
                path = self.folder / block.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
                if (project := Path(block.file).parts[0]) in self.installed:
                    self.install(project)  # with -e, changes count at once
            act = getattr(self, f"read_{block.language}", None)
            assert act or block.language in ("text", "mermaid"), f"{self.document}:{block.line}: nothing checks {block.language} blocks"
            try:
                if act and not block.reason:
                    act(block)
            except (Exception, SystemExit) as error:
                raise AssertionError(f"{self.document}:{block.line}: {type(error).__name__}: {error}") from error

    def read_python(self, block):
        code = compile(block.text, f"{self.document}:{block.line}", "exec")
        if not block.file:
            exec(code, self.names)

    def read_json(self, block):
        for line in block.text.splitlines():
            json.loads(line)

    def read_toml(self, block):
        tomllib.loads(block.text)

    def read_yaml(self, block):
        written = strict_yaml.parse(block.text, block.file or "block").value
        if "config" in written:  # a sweep: the command that follows checks it
            return
        self.config = written if written.keys() >= WHOLE else self.config | written
        if self.config.keys() >= WHOLE:
            self.assert_fits(parse_config(dump(self.config)))

    def assert_fits(self, config):
        text = (ROOT / self.document).read_text(encoding="utf-8")
        given = {self.folder / name for name in re.findall(r"--plugin (\S+\.py)", text)}
        with choosing():
            choose(sorted(path for path in given if path.exists()))
            parts = resolve(config, Registry.installed())
            self.stand_in(parts.data)
            dataset = parts.data.build()
            data = describe_data(dataset, dataset.arrays(Cache()))
            assert compat.check(parts.generator, parts.critic, parts.losses, parts.schedule, data).problems == []

    def read_sh(self, block):
        if block.file:  # a script for another day: its syntax, and the commands in it
            subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)
            for arguments in re.findall(r"-m ganzoo (.*)", block.text):
                parse(shlex.split(arguments))
            return
        for command in block.text.replace("\\\n", " ").splitlines():
            self.do(command, quick=not self.whole)
            assert self.code == 0, f"{command}: exit code {self.code}: {self.capsys.readouterr().err}"
            self.capsys.readouterr()

    def read_console(self, block):
        """What commands answer, word for word; line breaks and times apart."""
        for part in block.text.split("\n$ "):
            command, _, wanted = part.removeprefix("$ ").partition("\n")
            if command == "echo $?":
                said = f"{self.code}\n"
            else:
                self.do(command, quick=False)
                said = "".join(self.capsys.readouterr())
            assert plain(said) == plain(wanted), command

    def do(self, command, quick):
        words, self.code = shlex.split(command, comments=True), 0
        if any(command.startswith(known) for known in ELSEWHERE):
            assert [word for word in words if word.startswith(("tools/", "./tools/", "tests/")) and not (ROOT / word).exists()] == []
            if "ganzoo" in words:
                parse(words[words.index("ganzoo") + 1 :])
            return
        if words[:2] == ["python", "-m"] and words[2:3] in (["pip"], ["ganzoo"]):
            words = words[2:]
        if words[:1] == ["ganzoo"]:
            self.do_ganzoo(words[1:], quick)
        elif words[:3] == ["pip", "install", "-e"]:
            self.install(words[3])
        elif words[:3] == ["pip", "uninstall", "--yes"]:
            self.uninstall(words[3])
        elif words[:2] == ["pip", "install"]:  # of this repository: tools/setup has done it
            assert all((ROOT / word.partition("[")[0] / "pyproject.toml").is_file() for word in words[2:]), command
        elif words[:2] == ["pip", "wheel"]:
            subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-index", *words[2:]], check=True)
        elif words[:1] == ["pytest"]:
            # The conformance kit is left to 'ganzoo check --here'; the rest is done by a process that has torch imported.
            words = [*words[1:], "-q", "-p", "no:cacheprovider", "-k", "not conformance"]
            done = ganzoo(before=f"import pytest\nsys.path[:0] = [{str(self.folder / 'site')!r}]\nsys.exit(pytest.main({words}))")
            assert done.returncode == 0, done.stdout + done.stderr
        elif words and words[0] in UTILITIES:
            subprocess.run(["bash", "-c", command], check=True, cwd=self.folder, stdout=subprocess.DEVNULL)
        else:
            assert not words, f"nothing executes '{words[0]}'"

    def do_ganzoo(self, arguments, quick):
        """The command in this process; ``> FILE`` is honoured."""
        file = None
        if ">" in arguments:
            arguments, file = arguments[: arguments.index(">")], arguments[arguments.index(">") + 1]
        parse(arguments)
        parts = self.parts_of(arguments)
        extra = f"{self.small(parts, SMALL)} {STAND_IN} {missing(parts, self.folder)}" if parts and self.stand_in(parts.data) else ""
        if not extra and quick:
            command = "eval, as many" if "sliced_wasserstein" in arguments else arguments[0]
            command = "eval, of pairs" if OF_PAIRS & {*arguments} else command  # all of a few
            extra = self.small(parts, LARGE) if parts and command == "run" else ""
            extra += " -o data.count=80" if parts and parts.data.name in DRAWN else ""
            extra += " " + REDUCED.get(command, "").format(steps=7 if "--resume" in arguments else 5)
        if quick and arguments[0] == "check" and (self.folder / arguments[-1]).is_dir():
            extra = "--here"
        self.code = invoke([*arguments, *extra.split()])
        if file:
            (self.folder / file).write_text(self.capsys.readouterr().out, encoding="utf-8")

    def parts_of(self, arguments):
        """What a training's configuration names; None where the command is no training, or says itself what is wrong."""
        if arguments[0] not in ("run", "check") or not (arguments[1].endswith(".yaml") or ":" in arguments[1]):
            return None
        overrides = [arguments[i + 1] for i, word in enumerate(arguments) if word == "-o"]
        try:
            return resolve(load_config(arguments[1], overrides), Registry.installed())
        except Exception:  # whatever is wrong with it, the command itself shall say
            return None

    def small(self, parts, names):
        """What makes those networks small that are among ``names``."""
        networks = {"generator": parts.generator, "critic": parts.critic}
        return " ".join(f"-o {side}.{SMALL[part.name]}" for side, part in networks.items() if part.name in names)

    def stand_in(self, data):
        """Whether ``data`` is not shipped; samples in its layout are then put where it looks, if nothing is there."""
        root = data.params.get("root")
        if not data.component.distribution.startswith("ganzoo-") or data.name not in WRITE or not root:
            return False
        if not (self.folder / root).exists():
            WRITE[data.name](self.folder / root)
        return True

    def install(self, project):
        """Install as pip does, into a folder that only this test sees."""
        self.installed.add(Path(project).name)
        site = self.folder / "site"
        options = ["--target", site, "--no-deps", "--no-build-isolation", "--no-index", "--upgrade"]
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", *options, self.folder / project], check=True)
        self.monkeypatch.syspath_prepend(site)
        for name in [name for name in sys.modules if (site / name.partition(".")[0]).exists()]:
            self.monkeypatch.delitem(sys.modules, name)

    def uninstall(self, distribution):
        """Take out what ``install`` put in."""
        site = self.folder / "site"
        found = [path for path in site.iterdir() if path.name.startswith(distribution.replace("-", "_"))]
        assert found, f"{distribution} is not installed"
        for path in found:
            shutil.rmtree(path)


def parse(arguments, complete=True):
    """Refuse a command or an option that does not exist; missing arguments too where the command is ``complete``."""
    group = get_command(app)
    assert arguments[0] in group.words, f"there is no command 'ganzoo {arguments[0]}'"
    try:
        with choosing():  # what it says of plugins is not for the next command
            group.get_command(None, arguments[0]).make_context(arguments[0], list(arguments[1:]))
    except Exception as error:
        if complete or type(error).__name__ != "MissingParameter":
            raise AssertionError(f"ganzoo {' '.join(arguments)}: {error}") from error


def plain(text):
    text = re.sub(r"\d+\.\d\d s on \w+, \w+", "TIME", text)
    return " ".join(text.split())
