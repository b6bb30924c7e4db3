"""The trials of a sweep's file: which settings are tried, what each is called, and the overrides that make it."""

from __future__ import annotations

import hashlib
import itertools
import math
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ganzoo.config.strict_yaml import KeyPath
from ganzoo.config.yaml_writer import flow

from .settings import Distribution, SweepFile

MOST_TRIALS = 10_000
"""More is taken for a mistake."""
LONGEST_NAME = 120
"""Characters of a trial's name, which is a folder's."""


@dataclass(frozen=True)
class Override:
    """One key of the configuration that a sweep sets.

    Args:
        key: dotted.
        value: plain.
        path: where the sweep's file says it.
    """

    key: str
    value: Any
    path: KeyPath

    @property
    def text(self) -> str:
        """As ``-o`` takes it."""
        return f"{self.key}={flow(self.value)}"


@dataclass(frozen=True)
class Trial:
    """One training of a sweep.

    Args:
        name: what it is called, and its folder; made of what it varies, so that it stays when the sweep grows.
        setting: what it varies besides the seed: dotted key to value.
        seed: its train.seed; None: the configuration's own.
        overrides: all that it sets, those of a whole section before those of a key in it.
    """

    name: str
    setting: Mapping[str, Any]
    seed: int | None
    overrides: tuple[Override, ...]


def plan(file: SweepFile) -> list[Trial]:
    """The trials of a sweep: every combination of the grid, with every draw, with every seed.

    Raises:
        UserError: for values that are listed twice, or more than ``MOST_TRIALS`` trials.
    """
    settings = file.settings
    seeds: list[int | None] = list(settings.seeds) if settings.seeds else [None]
    count = (
        math.prod([len(values) for values in settings.grid.values()]) * (settings.draws or 1) * len(settings.settings or [{}]) * len(seeds)
    )
    if count > MOST_TRIALS:
        raise file.refuse(f"makes {count} trials, more than {MOST_TRIALS}", "list fewer values, or draw at random", ("grid",))
    fixed = [Override(key, value, ("set", key)) for key, value in settings.set.items()]
    trials: dict[str, Trial] = {}
    for varied in _settings(file):
        for i, seed in enumerate(seeds):
            own = [] if seed is None else [Override("train.seed", seed, ("seeds", i))]
            name = _name([*varied, *own])
            if name in trials:
                raise file.refuse("the same trial is listed twice", "list each value once", own[0].path if own else varied[-1].path)
            overrides = sorted([*fixed, *varied, *own], key=lambda override: override.key.count("."))
            trials[name] = Trial(name, {override.key: override.value for override in varied}, seed, tuple(overrides))
    return list(trials.values())


def _settings(file: SweepFile) -> Iterator[list[Override]]:
    """What is varied besides the seed: the grid's combinations, the last key changing fastest, each with every setting and every draw."""
    settings = file.settings
    written = [
        [Override(key, value, ("settings", i, key)) for key, value in setting.items()] for i, setting in enumerate(settings.settings)
    ]
    axes = [[Override(key, value, ("grid", key, i)) for i, value in enumerate(values)] for key, values in settings.grid.items()]
    for combination, together in itertools.product(itertools.product(*axes), written or [[]]):
        for i in range(settings.draws or 1):
            drawn = [Override(key, draw(spec, f"{settings.draw_seed} {i} {key}"), ("random", key)) for key, spec in settings.random.items()]
            yield [*combination, *together, *drawn]


def draw(distribution: Distribution, seed: str) -> Any:
    """One value, to four digits, that follows from ``seed`` alone: it stays when draws or keys are added."""
    source = random.Random(seed)
    if distribution.choice is not None:
        return source.choice(distribution.choice)
    if distribution.integers is not None:
        return source.randint(*distribution.integers)
    if distribution.uniform is not None:
        low, high = distribution.uniform
        value = source.uniform(low, high)
    else:
        assert distribution.log_uniform is not None
        low, high = distribution.log_uniform
        value = math.exp(source.uniform(math.log(low), math.log(high)))
    return min(max(float(f"{value:.4g}"), low), high)


def _name(varied: list[Override]) -> str:
    """``critic.lr=1.0e-4,seed=0``: keys as short as they are told apart, values as a folder's name can hold them."""
    if not varied:
        return "trial"
    words = [f"{key}={_slug(flow(override.value))}" for key, override in zip(short_keys([o.key for o in varied]), varied, strict=True)]
    name = ",".join(words)
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 9]}-{_digest(name)}"


def short_keys(keys: list[str]) -> list[str]:
    """Each key's last parts, as many as tell it from the others: ``lr``, or ``critic.lr`` beside ``generator.lr``."""
    endings = [[".".join(key.split(".")[-depth:]) for depth in range(1, key.count(".") + 2)] for key in keys]
    taken = Counter(ending for own in endings for ending in own)
    return [next((ending for ending in own if taken[ending] == 1), key) for key, own in zip(keys, endings, strict=True)]


def _slug(text: str) -> str:
    """A value as part of a folder's name; one that had to be changed is told from others by a digest."""
    slug = re.sub(r"[^A-Za-z0-9_.+]+", "-", text).strip("-")[:40]
    return slug if slug == text else f"{slug}-{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
