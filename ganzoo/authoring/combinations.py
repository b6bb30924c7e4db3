"""Which installed generators, critics, losses and data sets a plugin's components fit: each combination takes two steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from pydantic_core import to_jsonable_python

from ganzoo.compat.matrix import DefaultPart, stands_alone
from ganzoo.config.yaml_writer import dump, flow
from ganzoo.data.cache import Cache
from ganzoo.errors import GanzooError, UserError
from ganzoo.registry import Component, Registry, reason
from ganzoo.testing.component import Candidate
from ganzoo.testing.recipes import try_config
from ganzoo.ui.progress import reporter

from .finding import Finding

TOYS = ("ring", "digits")
"""Data of the core that needs no file: points, and labelled images."""
TRAINING = ("generator", "critic", "loss", "schedule", "dataset")
"""The kinds that combine."""


@dataclass(frozen=True)
class Combination:
    """Parts to be tried together; the schedule is the plain one where none is named."""

    data: Candidate
    generator: Candidate
    critic: Candidate
    losses: tuple[Candidate, ...]
    schedule: Candidate | None = None

    @property
    def parts(self) -> list[Candidate]:
        """All of them."""
        return [self.data, self.generator, self.critic, *self.losses, *([self.schedule] if self.schedule else [])]

    def try_it(self, registry: Registry) -> Finding:
        """Build it as a run would, and take two steps."""
        names = [part.component.name for part in self.parts[1:]]
        what = f"{names[0]} x {names[1]} x {' + '.join(names[2:])}"
        try:
            try_config(self.to_yaml(), registry)
        except UserError as misfit:
            return Finding(what, self.data.component.name, "misfit", misfit.what)
        except GanzooError as error:
            return Finding(what, self.data.component.name, "failed", f"it was found to fit, and then: {error}")
        except Exception as error:  # whatever a plugin's code raises is the finding
            return Finding(what, self.data.component.name, "failed", f"it was found to fit, and then it raises {reason(error)}")
        return Finding(what, self.data.component.name, "fits")

    def to_yaml(self) -> str:
        """As a configuration, with small parameters."""
        tree = {"data": _named(self.data), "generator": _named(self.generator), "critic": _named(self.critic)}
        schedule = {"schedule": _named(self.schedule)} if self.schedule else {}
        return dump({**tree, "loss": [_named(part) for part in self.losses], **schedule, "train": {"threads": 1}})


def combinations(registry: Registry, distribution: str, folder: Path) -> list[Combination]:
    """Every combination with a component of ``distribution`` in it.

    Objectives are crossed with all networks; a loss that is none by itself (a penalty, a constraint) and a schedule join
    each pair of networks with one objective.

    Args:
        registry: what is installed.
        distribution: whose components are tried.
        folder: where decoded data may be kept.
    """
    parts = {kind: list(_parts(registry, kind)) for kind in TRAINING}
    own = [part for kind in TRAINING for part in parts[kind] if part.component.distribution == distribution]
    data = [part for part in parts["dataset"] if part.component.distribution == distribution and _is_here(part, folder)]
    data += [part for part in parts["dataset"] if part.component.name in TOYS and part.component.distribution == "ganzoo-core"]
    objectives = [part for part in parts["loss"] if stands_alone(DefaultPart(part.component, part.cls))]
    found = []
    for of, generator, critic in product(data, parts["generator"], parts["critic"]):
        for objective in objectives:
            if _any_of(own, of, generator, critic, objective):
                found.append(Combination(of, generator, critic, (objective,)))
        for companion in (part for part in parts["loss"] if part in own and part not in objectives):
            found += [Combination(of, generator, critic, (objective, companion)) for objective in objectives[:1]]
        for schedule in (part for part in parts["schedule"] if part in own):
            found += [Combination(of, generator, critic, (objective,), schedule) for objective in objectives[:1]]
    return found


def _parts(registry: Registry, kind: str) -> Iterator[Candidate]:
    """The components of a kind that load, and need no parameter that only its user can know."""
    for component in registry.of_kind(kind):
        part = Candidate(component)
        try:
            if not part.missing:
                yield part
        except UserError:  # its own examination says why
            continue


def _any_of(own: Sequence[Candidate], *parts: Candidate) -> bool:
    return any(part in own for part in parts)


def _is_here(part: Candidate, folder: Path) -> bool:
    """Whether a data set can be read on this machine."""
    try:
        part.cls(**part.parameters).arrays(Cache(folder, reporter(quiet=True)))
    except Exception:  # the conformance kit says why
        return False
    return True


def _named(part: Candidate) -> dict[str, object]:
    component: Component = part.component
    values = to_jsonable_python(part.parameters) if component.name not in TOYS else {}
    return {"name": component.qualified, **{key: value for key, value in values.items() if flow(value)}}
