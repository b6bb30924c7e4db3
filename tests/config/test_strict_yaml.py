"""Strict YAML reads one meaning out of every text, refuses the rest, and writes what it reads back."""

from __future__ import annotations

import itertools
import math
import tracemalloc

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo.config.strict_yaml import FORBIDDEN, MAX_BYTES, parse, read
from ganzoo.config.yaml_writer import dump
from ganzoo.errors import UserError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1E+3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.5e3", -1500.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("12", 12),
        ("-7", -7),
        ("+3", 3),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("12:30:00", "12:30:00"),
        ("2026-01-31", "2026-01-31"),
        ("true", True),
        ("FALSE", False),
        ("tRue", "tRue"),
        ("no", "no"),
        ("On", "On"),
        ("yes", "yes"),
        ("y", "y"),
        ("null", None),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ('"true"', "true"),
        ("=", "="),
        ("1e", "1e"),
        ("٣", "٣"),
        ("|\n  12\n", "12\n"),
        ("{a: [1, {b: null}], c: }", {"a": [1, {"b": None}], "c": None}),
        ("- a\n- - b\n  - 2\n", ["a", ["b", 2]]),
        ("no: 1\non: 2", {"no": 1, "on": 2}),
        ("'1': x", {"1": "x"}),
        ("# nothing", None),
        ("--- 5\n...", 5),
    ],
)
def test_a_text_means_what_yaml_1_2_says(text: str, value: object) -> None:
    found = parse(text, "here").value
    assert found == value
    assert type(found) is type(value)


def test_nan_is_read() -> None:
    assert math.isnan(parse(".nan", "here").value)


@pytest.mark.parametrize(
    ("text", "line", "key", "fragment"),
    [
        ("a: 1\nb:\n  c: 2\n  c: 3", 4, "b.c", "first on line 3"),
        ("a: &x [1]\nb: *x", 1, "a", "anchor &x"),
        ("a: 1\nb: *x", 2, "b", "alias *x"),
        ("- 1\n- &x 2", 2, "1", "anchor"),
        ("a: !!python/object:os.system x", 1, "a", "tag"),
        ("a: !local x", 1, "a", "tag"),
        ("a: ! x", 1, "a", "tag"),
        ("a:\n  <<: {b: 1}", 2, "a", "merge key"),
        ("1: a", 1, "1", "in quotes"),
        ("true: a", 1, "true", "in quotes"),
        ("? \n: a", 1, "null", "in quotes"),
        ("? [a]\n: b", 1, "", "list or a mapping"),
        ("{[a]: b}", 1, "", "list or a mapping"),
        ("a\n---\nb", 2, "", "one document"),
        ("%YAML 1.1\n---\na", 1, "", "directive"),
        ("%TAG ! tag:x,2000:\n---\na", 1, "", "directive"),
        ("a: [1,\n 2", 1, "", "never closed"),
        ("a: 'b", 1, "", "never closed"),
        ("a:\n\t- b", 2, "", "spaces"),
        ("a: b: c", 1, "", "quote a text"),
        ("a: @b", 1, "", "special character"),
        ("a: ]", 1, "", "brackets"),
        ("a: 1\n b: 2", 2, "", "YAML"),
        ("a: 99999999999999999999", 1, "a", "64 bits"),
        ("a: " + "9" * 5000, 1, "a", "64 bits"),
        ("a: 1\nb: \x00", 2, "", "U+0000"),
        ("a: \x1b[31m", 1, "", "U+001B"),
        ("a: b\u2028c", 1, "", "U+2028"),
        ("a: \ud800", 1, "", "U+D800"),
        ('a: "\\0"', 1, "a", "U+0000"),
        ('a: "\\ud800"', 1, "a", "U+D800"),
        ('a: "\\UFFFFFFFF"', 1, "", "escapes"),
        ("[" * 51, 1, "", "deeper than 50"),
        ("{a: " * 51, 1, "", "deeper than 50"),
        ("- " * 2000 + "x", 1, "", "deeper than 50"),
        ("[" * 100_000, 1, "", "deeper than 50"),
    ],
)
def test_a_refusal_names_the_line_and_the_key(text: str, line: int, key: str, fragment: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(text, "here.yaml")
    assert (caught.value.where, caught.value.key) == (f"here.yaml:{line}", key)
    assert fragment in str(caught.value)
    assert caught.value.remedy


def test_fifty_levels_are_accepted() -> None:
    assert parse("[" * 50 + "]" * 50, "here").value


def test_a_text_of_more_than_a_mebibyte_is_refused() -> None:
    with pytest.raises(UserError, match="1 MiB"):
        parse("é" * (MAX_BYTES // 2 + 1), "here")


def test_an_alias_bomb_is_refused_in_little_memory() -> None:
    names = "abcdefghi"
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in itertools.pairwise(names)]
    tracemalloc.start()
    with pytest.raises(UserError, match="anchor"):
        parse("\n".join(lines), "bomb")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 2**20


def test_lines_are_known_for_every_key_and_item() -> None:
    document = parse("# first\na: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n", "here")
    lines = {("a",): 2, ("b",): 3, ("b", 0): 4, ("b", 1): 5, ("b", 1, "c"): 5, ("b", 1, "d"): 6}
    assert {path: document.line(path) for path in lines} == lines
    assert document.line(("b", 1, "d", "deeper")) == 6
    assert document.line(("nowhere",)) == 2


def test_a_file_is_utf_8(tmp_path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read(path).value == {"a": 1}
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(UserError, match="not UTF-8") as caught:
        read(path)
    assert caught.value.where == f"{path}:2"
    path.write_text("a: 1", encoding="utf-16")
    with pytest.raises(UserError, match="not UTF-8"):
        read(path)
    path.write_bytes(b"a" * (MAX_BYTES + 1))
    with pytest.raises(UserError, match="1 MiB"):
        read(path)
    with pytest.raises(UserError, match="cannot be read"):
        read(tmp_path / "missing.yaml")


strings = st.text(max_size=40).filter(lambda text: not FORBIDDEN.search(text))
scalars = st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False) | strings
awkward = st.sampled_from(
    ["no", "1", "1e4", "", " ", "a: b", "#", "- a", "null", ".inf", "...", "---", "<<", "a#b", "0x1", "'", '"', "\\", "\n", "\r", "\t"]
)
values = st.recursive(
    scalars | awkward,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strings | awkward, inner, max_size=4),
    max_leaves=25,
)


@settings(max_examples=200, deadline=None)
@given(values)
def test_what_is_written_reads_back_to_the_same(value: object) -> None:
    text = dump(value)
    again = parse(text, "here").value
    assert again == value
    assert repr(again) == repr(value)  # 1 is not 1.0, and no True


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | awkward, lambda inner: st.lists(inner, max_size=3)
    )
)
def test_a_reader_of_yaml_1_1_agrees(value: object) -> None:
    assert repr(yaml.safe_load(dump(value))) == repr(value)


def test_what_is_written_is_tidy() -> None:
    value = {
        "data": {"name": "celeba", "root": "data/celeba", "flip": True},
        "loss": ["wasserstein", {"name": "gradient_penalty", "weight": 10.0}],
        "optimizer": {"generator": {"name": "adam", "lr": 1e-4, "betas": (0.0, 0.9), "note": "no"}},
        "init": {},
    }
    assert dump(value) == (
        "data: {name: celeba, root: data/celeba, flip: true}\n"
        "loss:\n"
        "  - wasserstein\n"
        "  - {name: gradient_penalty, weight: 10.0}\n"
        "optimizer:\n"
        '  generator: {name: adam, lr: 0.0001, betas: [0.0, 0.9], note: "no"}\n'
        "init: {}\n"
    )


def test_small_floats_are_written_so_that_every_reader_knows_them() -> None:
    assert dump([5e-5, 1e22, 1.5e-7]) == "- 5.0e-5\n- 1.0e+22\n- 1.5e-7\n"


@pytest.mark.parametrize("value", [object(), {1: 2}, [set()]])
def test_what_is_not_plain_is_not_written(value: object) -> None:
    with pytest.raises(TypeError):
        dump(value)


def test_a_control_character_is_not_written() -> None:
    with pytest.raises(UserError, match="control character"):
        dump({"a": "\x00"})


alphabet = st.sampled_from([*"ab1.:- \n\t[]{},&*!|>'\"%@`#?<~\\x0é", "\n  ", ": ", "- ", "---\n", "\x00", "\ud800", "\u2028"])


@settings(max_examples=500, deadline=None)
@given(st.lists(alphabet, max_size=60).map("".join))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        parse(text, "here")
    except UserError as error:
        where = error.where
    else:
        where = "here"
    assert where.startswith("here")
