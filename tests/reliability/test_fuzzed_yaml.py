"""Configurations nobody would write: each is taken or refused in words, in little time and memory.

Mutations of the shipped recipes' texts and trees, and texts made of YAML's and ganzoo's own words. GANZOO_FUZZ_SEED makes other ones:

    GANZOO_FUZZ_SEED=$(date +%j) tools/test -m slow tests/reliability/test_fuzzed_yaml.py
"""

import copy
import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ganzoo.config import load_config, resolve
from ganzoo.config.strict_yaml import parse
from ganzoo.config.yaml_writer import dump
from ganzoo.errors import UserError
from ganzoo.registry import Registry

SHIPPED = sorted((Path(__file__).parents[2] / "zoo_configs").glob("*.yaml"))
RECIPES = [re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE) for path in SHIPPED]
TREES = [parse(text, "recipe").value for text in RECIPES]
VALUES = [None, True, 0, -1, 1, 2**62, 1.5, -0.0, 1e-300, 1e300, float("inf"), float("nan"), "", "a", "1", "no", "digits", "mlp", "é" * 300]
VALUES += [[], {}, [[]], {"name": None}, {"name": "mlp"}, {"name": {"name": "mlp"}}, [1, [2, [3]]], {"a": {"b": {"c": 1}}}, ["mlp"] * 50]
WORDS = sorted({word for text in RECIPES for word in re.findall(r"[\w.]+|[^\w\s]", text)})
AWKWARD = [
    *("no", "~", "null", "true", ".nan", "-.inf", "1e400", "-0.0", "0x_", "99999999999999999999", "1_000", "12:30", "<<", "=", "!!int"),
    *("!!python/object/apply:os.system", "&a", "*a", "? ", "- ", ": ", "|", ">", "%YAML 1.1", "---", "...", "[", "]", "{", "}", "''", '"'),
    *("\t", "\n", "\n\n  ", "\r", "\\x00", "\x00", "\x1b", "\u2028", "\ufeff", "é", "🦆", "\ud800", "# ", "@", "`", "a" * 2000, "[" * 60),
    *("../../etc/passwd", "name", "distribution/name", "/", ".", "-1", "0", "1.5", "1e-4", "'1'", "[[]]", "{}", "{a: {b: [c]}}"),
]


def mutated(chance):
    """A recipe with up to four things done to it."""
    text = chance.choice(RECIPES)
    for _ in range(chance.randrange(1, 5)):
        tokens = re.findall(r"\s+|[\w.]+|[^\w\s]", text)
        at, kind = chance.randrange(len(tokens)), chance.randrange(7)
        if kind == 0:
            del tokens[at]
        elif kind == 1:
            tokens[at] = chance.choice(AWKWARD)
        elif kind == 2:
            tokens[at] = chance.choice(WORDS)
        elif kind == 3:
            tokens.insert(at, chance.choice(AWKWARD))
        elif kind == 4:
            other = chance.randrange(len(tokens))
            tokens[at], tokens[other] = tokens[other], tokens[at]
        elif kind == 5:
            tokens[at:at] = tokens[at : at + chance.randrange(20)]
        else:
            del tokens[at:]
        text = "".join(tokens) or "a"
    return text


def rebuilt(chance):
    """A recipe whose tree had up to three things done to it: its syntax is right, its meaning need not be."""
    tree = copy.deepcopy(chance.choice(TREES))
    for _ in range(chance.randrange(1, 4)):
        places = list(places_of(tree))
        holder, key = chance.choice(places)
        other, other_key = chance.choice(places)
        kind = chance.randrange(5)
        if kind == 0:
            del holder[key]
        elif kind == 1:
            holder[key] = copy.deepcopy(chance.choice(VALUES))
        elif kind == 2:
            holder[key] = copy.deepcopy(other[other_key])
        elif kind == 3 and isinstance(holder, dict):
            holder[chance.choice(WORDS)] = holder[key]
        else:
            holder[key] = [holder[key]] * chance.randrange(4)
        if not tree:
            break
    return dump(tree)


def places_of(tree):
    """(container, key or index) of every value in a tree."""
    for key, value in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        yield tree, key
        if isinstance(value, dict | list):
            yield from places_of(value)


def made_up(chance):
    """Words of recipes and awkward ones, in any order."""
    words = (chance.choice(AWKWARD if chance.random() < 0.3 else WORDS) for _ in range(chance.randrange(1, 40)))
    return "".join(word + chance.choice(["", " ", ": ", ", ", "\n", "\n  "]) for word in words)


def fuzz(count, seed):
    """Returns how many were taken, how many refused, and the longest time one took, in seconds of processor time."""
    registry, chance, path = Registry.installed(), random.Random(seed), Path("fuzzed.yaml")
    for recipe in SHIPPED:  # whatever is imported at the first use
        resolve(load_config(recipe), registry)
    taken, refused, longest = 0, 0, 0.0
    for _ in range(count):
        text = chance.choice([mutated, rebuilt, rebuilt, made_up])(chance)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        started = time.process_time()
        try:
            resolve(load_config(path), registry)
            taken += 1
        except UserError as error:
            refused += 1
            if "\n" in str(error) or not str(error).startswith("fuzzed.yaml"):
                raise AssertionError(f"{text!r} is refused so: {error}") from error
        except BaseException:
            print(repr(text))
            raise
        longest = max(longest, time.process_time() - started)
    return taken, refused, longest


@pytest.mark.parametrize("count", [1000, pytest.param(100_000, marks=pytest.mark.slow)])
@pytest.mark.promise("Hostile input", "Fuzzed configurations are taken or refused in one line that names the place, each in under 2 s")
def test_a_fuzzed_configuration_is_taken_or_refused_in_words(count, found):
    taken, refused, longest = fuzz(count, int(os.environ.get("GANZOO_FUZZ_SEED", "0")) + count)
    assert taken > count / 200  # some are harmless
    assert refused > count / 2
    assert longest < 2
    found(f"{count:,} files: {taken:,} taken, {refused:,} refused, 0 tracebacks, at most {longest:.2f} s")


BOMBS = """
import json
import time
from pathlib import Path
from ganzoo.config import load_config
from ganzoo.errors import UserError

names = "abcdefghijklmnop"
laughs = "a: &a [ha]\\n" + "".join(f"{y}: &{y} [{', '.join([f'*{x}'] * 9)}]\\n" for x, y in zip(names, names[1:]))
bombs = {
    "aliases": laughs,
    "merged aliases": laughs.replace("[", "{<<: [").replace("]", "]}"),
    "depth in lists": "[" * 1_000_000,
    "depth in mappings": "{a: " * 250_000,
    "depth by indentation": "".join(" " * i + "a:\\n" for i in range(1400)),
    "a million items": "[" + "a," * 500_000 + "]",
    "a huge text": "data: " + "a" * 1_000_000,
    "a huge file": "data: " + "a" * 50_000_000,
    "a huge number": "train: {steps: " + "9" * 1_000_000 + "}",
    "a huge fraction": "train: {seed: 1e" + "9" * 1_000_000 + "}",
    "a huge key": "a" * 1_000_000 + ": 1",
    "a hundred thousand keys": "".join(f"k{i}: 1\\n" for i in range(100_000)),
    "a key of a list": "? " + "[" * 40 + "]" * 40 + "\\n: 1",
    "one key, many times": "a: 1\\n" * 200_000,
    "comments": "#\\n" * 500_000,
    "empty lines": "a:" + "\\n" * 1_000_000,
    "a text over many lines": "a: " + "b\\n " * 250_000,
    "a quoted text over many lines": "a: '" + "b\\n\\n" * 250_000 + "'",
    "a block of text": "a: |" + "\\n b" * 250_000,
    "escapes": 'a: "' + "\\\\x41" * 250_000 + '"',
    "spaces": "a:" + " " * 1_000_000 + "b",
}
names = []
while bombs:
    name, bomb = bombs.popitem()
    Path(f"{len(names)}.yaml").write_text(bomb)
    names.append(name)
del bomb
for number, name in enumerate(names):
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = time.process_time()
    try:
        load_config(f"{number}.yaml")
        said = ""
    except UserError as error:
        said = str(error)
    taken = time.process_time() - before
    peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(json.dumps([name, len(said), peak / 1024, taken]))
"""


@pytest.mark.slow
@pytest.mark.promise("Hostile input", "Configurations made to exhaust (aliases, depth, huge texts and numbers) are refused within 100 MB")
def test_bombs_are_refused_in_little_memory(found):
    done = subprocess.run([sys.executable, "-c", BOMBS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    measured = [json.loads(line) for line in done.stdout.splitlines()]
    assert [name for name, length, _, _ in measured if not 0 < length < 1000] == []  # each is refused, in a line
    megabytes, seconds = max(peak for _, _, peak, _ in measured), max(taken for _, _, _, taken in measured)
    assert megabytes < 100
    assert seconds < 2
    found(f"{len(measured)} bombs: at most {megabytes:.0f} MB, all of Python included, and {seconds:.2f} s")
