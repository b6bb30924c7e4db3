"""A resumed run continues bit for bit: 40 steps (of large networks 8) against half, a fresh run that is given the state, and the rest."""

import functools
from pathlib import Path

import pytest
import torch
from resumed import ACGAN, CASES, STATEFUL, advance, make, registry

from ganzoo.config import load_config, parse_config, resolve
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.registry import Registry
from ganzoo.rundir import checkpoint


@functools.cache
def saved(text) -> tuple[bytes, bytes]:
    """Checkpoints of one run, whose loop goes on, after half of its steps and after all of them."""
    run, found = make(text), []
    loop = Loop(run, Meter())
    for _ in range(2):
        for _ in range(half_of(text)):
            loop.step()
        found.append(encoded(run))
    return tuple(found)


def encoded(run) -> bytes:
    return checkpoint.encode(run.state())


def state_of(content: bytes):
    return checkpoint.decode(content, "memory")


def half_of(text):
    """The steps after which it is stopped, and resumed for as many: 20, or half of a shorter run."""
    return min(20, parse_config(text).train.steps // 2)


def continued(text, forget=None):
    state = state_of(saved(text)[0])
    if forget:
        forget(state)
    torch.manual_seed(12345)  # whatever a fresh process starts from
    run = make(text)
    run.restore(state)
    return advance(run, half_of(text))


@pytest.mark.promise("State", "40 steps equal 20, a fresh run that is given the checkpoint, and 20 more, in every tensor (CPU)")
@pytest.mark.parametrize("case", CASES)
def test_resume_is_exact(case, differing, found):
    text, position, epoch = CASES[case]
    size = parse_config(text).train.batch_size
    half, whole = map(state_of, saved(text))
    assert half["samples"] == position * size
    run = continued(text)
    assert differing(whole, state_of(encoded(run))) == []
    assert run.batches.count // size == epoch
    found(case)


def test_the_cases_are_what_they_are_called():
    """One stops within an epoch, one at its edge, and in one the next series of critic updates runs over the edge."""
    assert CASES["mid-epoch, dropout, decaying rates, EMA"][1] % 1250 not in (0, 1249)
    assert CASES["epoch's edge, lazy penalty, momentum"][1] % 6 == 0
    assert 6 - 5 < CASES["critic updates across an epoch's edge"][1] % 6 < 6


@pytest.mark.promise("State", "A saver that forgets the optimizers, the random numbers, the data's position, the EMA or the step is caught")
@pytest.mark.parametrize("what", ["optimizers", "random", "samples", "average", "step"])
def test_a_saver_that_forgets_is_caught(what, differing, found):
    text = ACGAN.replace("steps: 40", "steps: 60") if what == "step" else ACGAN
    fresh = make(text).state()

    def forget(state):
        if what == "average":
            state["networks"]["average"] = fresh["networks"]["average"]
        else:
            state[what] = fresh[what]

    wrong = differing(state_of(saved(text)[1]), state_of(encoded(continued(text, forget))))
    assert any(path.startswith(".networks.") for path in wrong)
    found(f"{what} forgotten: {len(wrong)} leaves differ")


def test_a_saver_that_forgets_a_losss_buffers_is_caught(differing):
    def forget(state):
        state["losses"]["pool"]["pool"].zero_()

    assert differing(state_of(saved(STATEFUL)[1]), state_of(encoded(continued(STATEFUL, forget))))


def test_building_twice_gives_the_same_networks(differing):
    assert differing(make(ACGAN).state(), make(ACGAN).state()) == []


RECIPES = Path(__file__).parents[2] / "zoo_configs"


def test_every_variant_is_in_a_case_or_a_recipe():
    """The recipes are resumed too: tests/test_recipes.py, in processes of their own."""
    ours = {path.name for path in (RECIPES.parent / "plugins").iterdir()} | {"ganzoo-core"}
    configs = [parse_config(text) for text, _, _ in CASES.values()] + [load_config(path) for path in RECIPES.glob("*.yaml")]
    used = {part.component for config in configs for part in resolve(config, registry()).parts}
    kinds = ("generator", "critic", "loss", "schedule")
    assert [c.qualified for c in Registry.installed().components if c.kind in kinds and c.distribution in ours and c not in used] == []
