"""Everything that README and docs show is done here, from top to bottom: they cannot say what does not work.

A line that holds nothing but a path in backticks names the file that the next block holds. A YAML block that is no whole
configuration changes keys of the one before it.
"""

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.main import get_command

from ganzoo.cli import invoke
from ganzoo.cli.app import app
from ganzoo.config import load_config, parse_config, resolve, strict_yaml
from ganzoo.config.yaml_writer import dump
from ganzoo.registry import Registry

ROOT = Path(__file__).parents[1]
DOCS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *DOCS]
BLOCK = re.compile(r"(?:^`(?P<file>[^`\n]+)`\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
QUICK = ["-o", "train.steps={steps}", "-o", "train.batch_size=8", "-o", "train.threads=1", "-o", "sample.count=10"]
WHOLE = {"data", "generator", "critic", "loss"}
AT_HAND = {"digits", "ring", "grid"}
"""Data sets of the core that need no files."""


@dataclass
class Block:
    language: str
    file: str
    text: str
    line: int


def read(document):
    return (ROOT / document).read_text(encoding="utf-8")


def blocks(text):
    for found in BLOCK.finditer(text):
        yield Block(found["language"], found["file"] or "", found["text"], text[: found.start("text")].count("\n") + 1)


@pytest.fixture(scope="session")
def write_docs():
    spec = importlib.util.spec_from_file_location("write_docs", ROOT / "tools" / "write_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("document", DOCUMENTS)
def test_generated_parts_are_what_the_code_says(document, write_docs):
    text = read(document)
    assert ("written by tools/write_docs.py -->" in text) == (document in write_docs.DOCUMENTS)
    assert write_docs.rewritten(text) == text, "run tools/write_docs.py"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_relative_links_lead_somewhere(document):
    text = re.sub(r"```.*?```", "", read(document), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target:
            assert ((ROOT / document).parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS)
def test_headings_that_are_linked_exist(document):
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)]+)\)", read(document)):
        if "://" not in target:
            linked = ((ROOT / document).parent / target) if target else ROOT / document
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", [*DOCUMENTS, *(str(path.relative_to(ROOT)) for path in ROOT.glob("plugins/*/README.md"))])
def test_nobody_is_sent_to_the_other_ganzoo(document):
    """The index's ``ganzoo`` is somebody else's project."""
    assert not re.search(r"(pip|pipx|uv)[^\n]* (install|add) [^\n]*(?<![\w/-])ganzoo(?![\w-])", read(document))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_in_the_text_exist(document):
    for span in re.findall(r"`ganzoo ([a-z][^`]*)`", re.sub(r"```.*?```", "", read(document), flags=re.DOTALL)):
        parse(shlex.split(span.partition(" > ")[0]), complete=False)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_it_shows_works(document, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zoo_configs").symlink_to(ROOT / "zoo_configs")
    Reader(document, tmp_path, monkeypatch, capsys).read()


class Reader:
    """Somebody who does what a document says, in ``folder``."""

    def __init__(self, document, folder, monkeypatch, capsys):
        self.document, self.folder, self.monkeypatch, self.capsys = document, folder, monkeypatch, capsys
        self.names, self.config, self.code = {"__name__": "document"}, {}, 0
        self.installed = set()

    def read(self):
        for block in blocks(read(self.document)):
            if block.file:
                path = self.folder / block.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
                if (project := Path(block.file).parts[0]) in self.installed:
                    self.install(project)  # with -e, changes count at once
            act = getattr(self, f"read_{block.language}", None)
            assert act or block.language in ("text", "mermaid"), f"{self.document}:{block.line}: nothing checks {block.language} blocks"
            try:
                if act:
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
            assert_fits(parse_config(dump(self.config)))

    def read_sh(self, block):
        for command in block.text.replace("\\\n", " ").splitlines():
            self.do(shlex.split(command, comments=True), quick=True)
            assert self.code == 0, f"{command}: exit code {self.code}: {self.capsys.readouterr().err}"
            self.capsys.readouterr()

    def read_console(self, block):
        """What commands answer, word for word; line breaks and times apart."""
        for part in block.text.split("\n$ "):
            command, _, wanted = part.removeprefix("$ ").partition("\n")
            self.do(shlex.split(command, comments=True), quick=False)
            said = f"{self.code}\n" if command == "echo $?" else "".join(self.capsys.readouterr())
            assert plain(said) == plain(wanted), command

    def do(self, words, quick):
        if words[:3] == ["pip", "install", "-e"]:
            self.install(words[3])
        elif words[:2] == ["pip", "wheel"]:
            subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-index", *words[2:]], check=True)
        elif words[:1] == ["pytest"]:
            environment = {**os.environ, "PYTHONPATH": str(self.folder / "site")}
            # The conformance kit is left to 'ganzoo check --here', which imports torch no second time.
            words += ["-q", "-p", "no:cacheprovider", "-k", "not conformance"]
            subprocess.run([sys.executable, "-m", *words], check=True, env=environment)
        elif words[:1] in (["torchrun"], ["srun"]):
            parse(words[words.index("ganzoo") + 1 :])
        elif words[:1] == ["ganzoo"]:
            arguments = words[1:]
            parse(arguments)
            if is_at_hand(arguments):
                extra = [word.format(steps=7 if "--resume" in arguments else 5) for word in QUICK]
                extras = {"run": extra, "check": ["--here"] if (self.folder / arguments[-1]).is_dir() else []}
                self.code = invoke([*arguments, *(extras.get(arguments[0], []) if quick else [])])

    def install(self, project):
        """Install as pip does, into a folder that only this test sees."""
        self.installed.add(Path(project).name)
        site = self.folder / "site"
        options = ["--target", site, "--no-deps", "--no-build-isolation", "--no-index", "--upgrade"]
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", *options, self.folder / project], check=True)
        self.monkeypatch.syspath_prepend(site)
        for name in [name for name in sys.modules if (site / name.partition(".")[0]).exists()]:
            self.monkeypatch.delitem(sys.modules, name)


def parse(arguments, complete=True):
    """Refuse a command or an option that does not exist; missing arguments too where the command is ``complete``."""
    group = get_command(app)
    assert arguments[0] in group.commands, f"there is no command 'ganzoo {arguments[0]}'"
    try:
        group.commands[arguments[0]].make_context(arguments[0], list(arguments[1:]))
    except Exception as error:
        if complete or type(error).__name__ != "MissingParameter":
            raise AssertionError(f"ganzoo {' '.join(arguments)}: {error}") from error


def is_at_hand(arguments):
    """Whether a command can be run here: not where it trains on data that nobody has put there."""
    if arguments[0] == "sweep":
        return "--dry-run" in arguments
    if arguments[0] not in ("run", "check") or not (arguments[1].endswith(".yaml") or ":" in arguments[1]):
        return True
    overrides = [arguments[i + 1] for i, word in enumerate(arguments) if word == "-o"]
    try:
        data = resolve(load_config(arguments[1], overrides), Registry.installed()).data
    except Exception:  # whatever is wrong with it, the command itself shall say
        return True
    return data.component.distribution != "ganzoo-core" or data.name in AT_HAND


def assert_fits(config):
    from ganzoo import compat
    from ganzoo.data.cache import Cache
    from ganzoo.engine.batches import describe

    parts = resolve(config, Registry.installed())
    dataset = parts.data.build()
    data = describe(dataset.arrays(Cache()), dataset.classes, dataset.scale)
    assert compat.check(parts.generator, parts.critic, parts.losses, parts.schedule, data).problems == []


def plain(text):
    text = re.sub(r"\d+\.\d\d s on \w+, \w+", "TIME", text)
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("```sh\nganzoo train x.yaml\n```\n", "no command 'ganzoo train'"),
        ("```sh\nganzoo list --knid loss\n```\n", "--knid"),
        ("```console\n$ ganzoo list --kind schedule\nnothing\n```\n", "ganzoo list --kind schedule"),
        ("```python\nfrom ganzoo import Generatr\n```\n", "Generatr"),
        ("```yaml\ndata: digits\ngenerator: dcgan\ncritic: dcgan\nloss: [wasserstein, gradient_penalty]\n```\n", "batch norm"),
        ("```yaml\ndata: digits\ngenerator: dcgan\ncritic: dcgan\nloss: hinges\n```\n", "hinges"),
        ("```ruby\n```\n", "nothing checks ruby"),
    ],
)
def test_a_wrong_document_is_found_out(text, fault, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.md").write_text(text)
    with pytest.raises(AssertionError, match=re.escape(fault)):
        Reader(str(tmp_path / "wrong.md"), tmp_path, monkeypatch, capsys).read()
