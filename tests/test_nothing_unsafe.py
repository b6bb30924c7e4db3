"""No line of Python in the repository can run what it reads: not in the core, the plugins, the tools, the tests or the documents."""

import ast
import re
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXEMPT = {
    "ganzoo/plugins/one_file.py": "runs a plugin of one file, which the user named or allowed",
    "tests/helpers/documents.py": "runs what the documents show",
    "tests/helpers/forked.py": "runs what a test wants before a command that it forks",
    "plugins/ganzoo-kit/tests/test_from_a_file.py": "runs what a package made of one file holds",
    "tests/reliability/test_pickles.py": "plants pickles, and shows that a careless program runs them",
    "tests/rundir/test_checkpoint.py": "plants a pickle as a checkpoint",
    "plugins/ganzoo-metrics/tests/test_inception.py": "plants a pickle as Inception's weights",
    "tests/runs/test_weights.py": "plants a pickle as weights, and shows that it works",
}
"""What may do what nobody else may, and why."""
UNPICKLING = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
RUNNING = {"eval", "exec", "UnsafeLoader", "FullLoader"}
YAML = {"load", "load_all", "unsafe_load", "unsafe_load_all", "full_load", "full_load_all"}
BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def unsafe(source, allowed=()):
    """What is unsafe in a Python text, each with its line."""
    for node in ast.walk(ast.parse(source)):
        for what in filter(None, _unsafe(node)):
            if what not in allowed:
                yield f"line {node.lineno}: {what} ({ast.unparse(node)[:80]})"


def _unsafe(node):
    if isinstance(node, ast.Import | ast.ImportFrom):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        yield "a module that unpickles" if {module.partition(".")[0] for module in modules} & UNPICKLING else ""
        yield "a hidden torch.load" if modules == ["torch"] and any(alias.name == "load" for alias in node.names) else ""
        yield "a hidden YAML reader" if modules == ["yaml"] and isinstance(node, ast.ImportFrom) else ""
    if isinstance(node, ast.Name | ast.Attribute):
        name = node.id if isinstance(node, ast.Name) else node.attr
        yield name if name in RUNNING and (isinstance(node, ast.Name) or name not in ("eval", "exec")) else ""
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        yield "torch.load without weights_only=True" if called == "torch.load" and given.get("weights_only") != "True" else ""
        yield "a YAML reader" if called.startswith("yaml.") and called.partition(".")[2] in YAML else ""
        yield "yaml.safe_load" if called.startswith("yaml.safe_load") else ""
        yield "allow_pickle=True" if given.get("allow_pickle", "False") != "False" else ""
        yield "a static graph" if "static" + "_graph" in given else ""


def python_files():
    """(path from the root, text) of every Python file that people wrote, scripts without a suffix included."""
    for top in ("ganzoo", "plugins", "tools", "tests", "docs", ".ci"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix in (".py", ""):
                text = path.read_text(encoding="utf-8", errors="replace")
                if path.suffix == ".py" or text.startswith("#!/usr/bin/env python"):
                    yield str(path.relative_to(ROOT)), text


def is_test(name):
    return "tests" in Path(name).parts


def test_no_python_file_can_run_what_it_reads():
    seen, found = set(), []
    for name, text in python_files():
        seen.add(name)
        if name not in EXEMPT:
            # Tests read with PyYAML what ganzoo wrote: another reader has to agree.
            found += [f"{name}, {what}" for what in unsafe(text, allowed=["yaml.safe_load"] if is_test(name) else [])]
    assert found == []
    assert {
        "ganzoo/rundir/checkpoint.py",
        "tools/benchmark_quality",
        "plugins/ganzoo-kit/tests/broken/losses.py",
        "tests/conftest.py",
        *EXEMPT,
    } <= seen
    assert any(name.startswith("plugins/") and is_test(name) for name in seen)


def test_the_exempt_need_to_be():
    for name in EXEMPT:
        assert list(unsafe((ROOT / name).read_text(encoding="utf-8"))), f"{name} does nothing unsafe any more: take it off the list"


def test_no_document_shows_what_could_run_what_it_reads():
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "plugins").rglob("*.md")]
    blocks = [(path, textwrap.dedent(found[2])) for path in documents for found in BLOCK.finditer(path.read_text(encoding="utf-8"))]
    assert [f"{path.relative_to(ROOT)}, {what}" for path, text in blocks for what in unsafe(text)] == []
    assert len(blocks) > 5


def test_torch_load_is_there_to_be_looked_at():
    text = "".join(text for name, text in python_files() if name.startswith(("ganzoo/", "plugins/ganzoo-metrics/ganzoo_metrics/")))
    assert text.count("torch.load(") >= 3


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from pickle import loads",
        "import numpy, joblib",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "torch.load(path, weights_only=safe)",
        "from torch import load",
        "yaml.load(text)",
        "yaml.load(text, Loader=yaml.SafeLoader)",
        "yaml.safe_load(text)",
        "yaml.parse(text, Loader=yaml.UnsafeLoader)",
        "from yaml import load",
        "numpy.load(path, allow_pickle=True)",
        "numpy.load(path, allow_pickle=trusted)",
        "eval(text)",
        "exec(text)",
        "DistributedDataParallel(network, static" + "_graph=True)",
    ],
)
def test_each_unsafe_line_is_found(line):
    assert list(unsafe(line)), line


@pytest.mark.parametrize(
    "line",
    [
        "torch.load(path, weights_only=True)",
        "numpy.load(path, allow_pickle=False)",
        "network.eval()",
        "yaml.parse(text, Loader=yaml.SafeLoader)",
        "json.load(file)",
    ],
)
def test_a_safe_line_is_left_alone(line):
    assert list(unsafe(line)) == []
