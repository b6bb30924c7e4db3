"""Checks of the recipes that a plugin ships: each loads, names what is installed, fits its data, and takes two steps."""

from __future__ import annotations

import importlib.metadata
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from packaging.requirements import Requirement

from ganzoo.compat import MisfitError, example_batch, plan_fields
from ganzoo.compat.plans import kinds_of
from ganzoo.config import Resolved, RunConfig, load_config, resolve
from ganzoo.data.cache import Cache
from ganzoo.data.spec import describe_data
from ganzoo.engine.build import build
from ganzoo.engine.loop import rehearse
from ganzoo.errors import GanzooError, UserError
from ganzoo.fields import DataSpec, Fields
from ganzoo.players import Critic
from ganzoo.plugins.recipes import Recipe, recipes_of
from ganzoo.registry import Component, Plugin, Registry, reason
from ganzoo.rules import Plan
from ganzoo.turn import Turn
from ganzoo.ui.progress import reporter

from .kit import Outcome
from .running import seeded
from .subject import Lent, NotHere

STEPS = 2
"""The second begins from what the first one changed: optimizers, buffers, moving averages."""
OVERRIDES = (f"train.steps={STEPS}", "train.batch_size=8", "train.device=cpu")
FEW = 200
"""Samples that a recipe's data is given to lend what it holds, of a data set that makes as many as it is asked for."""
TOTAL = 997
"""Steps of the run whose plans are looked at: a prime, so that no curve is met at its very beginning, where its value may be 0."""
EXTRA = "recipes"
"""The extra in which a plugin names the distributions that its recipes need besides its own requirements."""


@dataclass(frozen=True)
class RecipeCase:
    """One recipe of a distribution, ready to be tried."""

    recipe: Recipe

    @property
    def name(self) -> str:
        """As an identifier of a test: ``recipe-ring``."""
        return f"recipe-{self.recipe.name}"

    def run(self) -> Outcome:
        """Load it, build it as a run does, and take two steps."""
        title, check = f"recipe {self.recipe.name}", "trains"
        try:
            with tempfile.TemporaryDirectory() as folder:
                self._try(Path(folder))
        except NotHere as absent:
            return Outcome(title, check, "skipped", str(absent))
        except MisfitError as error:
            problems = "; ".join(f"{key}: {text}" for key, text in error.problems)
            return Outcome(title, check, "failed", f"{self.recipe.path}: its parts do not fit: {problems}", error)
        except GanzooError as error:
            return Outcome(title, check, "failed", str(error), error)
        except Exception as error:  # whatever a plugin's code raises is the finding
            return Outcome(title, check, "failed", f"it raises {reason(error)}", error)
        return Outcome(title, check, "ok")

    def _try(self, folder: Path) -> None:
        registry = Registry.installed()
        absent = sorted(self._needed() - {plugin.distribution for plugin in registry.plugins})
        if absent:
            raise NotHere(f"it needs {', '.join(absent)}; pip install '{self.recipe.distribution}[{EXTRA}]'")
        config = load_config(self.recipe.path, OVERRIDES)
        resolved = resolve(config, registry)
        if resolved.data.params.get("download") is True:  # a check fetches nothing
            resolved.data.params["download"] = False
        try:
            resolved.data.build().arrays(Cache(folder, reporter(quiet=True)))
        except UserError as missing:
            what = missing.what.replace(f"{Path.cwd()}/", "")
            raise NotHere(
                f"its data is not here: {what}; pytest and 'ganzoo check --here' look in the folder where you call them"
            ) from None
        two_steps(config, resolved)

    def _needed(self) -> set[str]:
        """The plugins that its distribution says recipes need."""
        one_file = self.recipe.distribution.endswith(".py")
        texts = () if one_file else importlib.metadata.requires(self.recipe.distribution) or ()
        requirements = [Requirement(text) for text in texts]
        return {r.name for r in requirements if r.name.startswith("ganzoo-") and (not r.marker or r.marker.evaluate({"extra": EXTRA}))}


def recipe_cases(plugins: Sequence[Plugin]) -> list[RecipeCase]:
    """A case for each recipe that the plugins ship."""
    return [RecipeCase(recipe) for plugin in plugins for recipe in _recipes(plugin)]


def _recipes(plugin: Plugin) -> list[Recipe]:
    """The recipes of a plugin; of one of one file, the configuration beside it that is called as it is."""
    beside = Path(plugin.module).with_suffix(".yaml")
    if plugin.module.endswith(".py"):
        return [Recipe(plugin.distribution, beside.stem, beside)] if beside.is_file() else []
    return recipes_of(plugin)


def lent_by_recipes(component: Component, plugins: Sequence[Plugin]) -> dict[str, DataSpec]:
    """Example data of the recipes that name ``component``, each with the fields that its schedule and generator give there.

    A generator is lent none that a generator gives: it reads nothing that it makes itself.
    """
    found: dict[str, DataSpec] = {}
    registry = Registry.installed()
    for recipe in (recipe for plugin in plugins for recipe in _recipes(plugin)):
        try:
            config = load_config(recipe.path, OVERRIDES)
            resolved = resolve(config, registry)
            if component.target not in [part.component.target for part in resolved.parts]:
                continue
            with seeded(0), tempfile.TemporaryDirectory() as folder:
                few = {"count": FEW} if "count" in resolved.data.params else {}
                dataset = replace(resolved.data, params=resolved.data.params | few).build()
                arrays = dataset.arrays(Cache(Path(folder), reporter(quiet=True)))
                data = describe_data(dataset, arrays)
                plans, _ = kinds_of(resolved.schedule.build(data), TOTAL)
                stages = tuple(plan for plan in plans.values() if plan.values) or (Plan(),)
                last, make = stages[-1], resolved.generator.build  # the last one, as sampling does
                lent = partial(_given, last) if component.kind == "generator" else _lender(resolved, data, last)
                spec = Lent(data.fields, data.classes, data.scale, data.class_maps, lend=lent, stages=stages, generator=make)
                found[f"the data of recipe {recipe.name}"] = spec
        except Exception:  # the recipe's own case says why
            continue
    return found


def _given(plan: Plan, n: int) -> Fields:
    return dict(plan_fields(plan))


def _lender(resolved: Resolved, data: DataSpec, plan: Plan) -> Callable[[int], Fields]:
    """Makes the fields, besides those of the data, that the recipe's schedule and generator give: noise of their form."""
    batch = example_batch(data, 4) | plan_fields(plan)
    generator = resolved.generator.build(data)
    with torch.no_grad():
        made = Turn("generator", generator, Critic(), batch, {}).make(batch | generator.draw(4))
    # Shapes and the largest integer only: tensors made here would not go with a check's own device.
    forms = {
        name: (value.shape[1:], 0 if value.is_floating_point() else int(value.max()) + 1)
        for name, value in made.items()
        if name not in batch
    }

    def lend(n: int) -> Fields:
        noise = {name: torch.randint(most, (n, *shape)) if most else torch.randn(n, *shape) for name, (shape, most) in forms.items()}
        return noise | plan_fields(plan)

    return lend


def two_steps(config: RunConfig, resolved: Resolved) -> None:
    """Build the run in memory and take two steps; random numbers and torch's threads are left as they were."""
    with seeded(0), same_threads():
        run, _ = build(config, resolved, reporter(quiet=True))
        rehearse(run, STEPS)


@contextmanager
def same_threads() -> Iterator[None]:
    """Put torch's thread count back: a configuration may set it."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)
