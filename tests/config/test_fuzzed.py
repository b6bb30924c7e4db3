"""Configurations and overrides that went wrong anyhow raise nothing but errors meant for the user."""

from __future__ import annotations

from configurations import GOOD, MINIMAL, REGISTRY
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo.config import (
    parse_config,
    resolve,
)
from ganzoo.errors import UserError

WORDS = "null true 5 -1 .nan 1e999 [] {} [[[]]] mlp hinge penalty , { } [ ] ' # é \x00 \n \t &a *a !!x"
PIECES = [
    *WORDS.split(" "),
    "\n  ",
    ": ",
    "- ",
    "<<: ",
    "{name: 5}",
    "name: mlp",
    "weight: x",
    "train: ",
    "metrics: ",
    "optimizer: ",
    "observers: ",
    "init: ",
]
pieces = st.sampled_from(PIECES)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_a_mutated_configuration_raises_nothing_but_user_errors(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([GOOD, MINIMAL]))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        stop = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(pieces) + text[stop:]
    try:
        resolve(parse_config(text), REGISTRY)
    except UserError as error:
        message = str(error)
    else:
        message = "config: accepted"
    assert message.startswith("config:")


paths = st.lists(
    st.sampled_from(["train", "steps", "loss", "0", "1", "weight", "critic", "name", "optimizer", "metrics", "init", "x"]),
    min_size=1,
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(paths, pieces), min_size=1, max_size=3), st.sampled_from([GOOD, MINIMAL]))
def test_an_odd_override_raises_nothing_but_user_errors(overrides: list[tuple[list[str], str]], text: str) -> None:
    texts = [f"{'.'.join(path)}={value}" for path, value in overrides]
    try:
        resolve(parse_config(text, texts), REGISTRY)
    except UserError as error:
        where = error.where
    else:
        where = "-o"
    assert where.startswith(("-o", "config:"))
