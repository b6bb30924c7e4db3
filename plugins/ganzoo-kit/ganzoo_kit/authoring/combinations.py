"""Combinations of a plugin's components with the installed ones that they fit, and whether they train together.

Whether parts fit is asked per pair (``ganzoo_kit.crossing``). Of the combinations that do, enough take two steps that each
component of the plugin has trained with each partner once, as long as there is time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from ganzoo.compat.dry_run import fake_tensors
from ganzoo.config import Part, Resolved, ResolvedPart, RunConfig, TrainConfig
from ganzoo.config.resolution import resolve_component, resolve_optimizers
from ganzoo.data.cache import Cache
from ganzoo.data.spec import describe_data
from ganzoo.errors import GanzooError, UserError
from ganzoo.fields import DataSpec
from ganzoo.registry import Registry, reason
from ganzoo.ui.progress import reporter
from ganzoo_kit.crossing import KINDS, Crossing, Row
from ganzoo_kit.testing.component import Candidate
from ganzoo_kit.testing.recipes import STEPS, two_steps

from .finding import TRAINED, Finding

TOYS = ("ring", "digits")
"""Data of the core that needs no file: points, and labelled images."""
ASKING = 0.6
"""Of the time for one data set, the share for asking what fits; the rest is for training. Pairs of networks that are left over are not
asked, which a finding says; combinations that are left over are said to fit, not to train."""


class Combinations:
    """Every combination with a component of ``distribution`` in it.

    Args:
        registry: what is installed.
        distribution: whose components are tried.
        folder: where decoded data may be kept.
        until: when to have come to an end (``time.monotonic`` seconds).
    """

    def __init__(self, registry: Registry, distribution: str, folder: Path, until: float) -> None:
        self.until = until
        self.distribution = distribution
        self.registry = registry
        parts = {kind: list(_parts(registry, kind)) for kind in (*KINDS, "dataset")}
        self.parts = {kind: parts[kind] for kind in KINDS}
        self.parts["schedule"] = [part for part in parts["schedule"] if self._own(part) or part.name == "alternate"]
        if not any(self._own(part) for found in self.parts.values() for part in found):
            parts["dataset"] = [part for part in parts["dataset"] if self._own(part)]
        self.data = [(part, spec) for part in parts["dataset"] if self._counts(part) and (spec := _spec_of(part, folder))]

    def _own(self, part: ResolvedPart) -> bool:
        return part.component.distribution == self.distribution

    def _counts(self, part: ResolvedPart) -> bool:
        return self._own(part) or (part.name in TOYS and part.component.distribution == "ganzoo-core")

    def findings(self) -> Iterator[Finding]:
        """What fits, and of what trains too much to be left unsaid: each combination has one finding."""
        tried: set[tuple[str, ...]] = set()
        for i, (of, spec) in enumerate(self.data):
            started = time.monotonic()
            share = (self.until - started) / (len(self.data) - i)
            with fake_tensors():
                crossing = Crossing(self.parts, spec)
                rows: list[Row] = []
                pairs = self._pairs(of)
                while pairs and self._ask(crossing, of, pairs[0], rows, started + ASKING * share):
                    pairs.pop(0)
            for row in rows:
                chosen = self._chosen(row)
                own = [part for part in (of, *chosen) if self._own(part)]
                new = {(mine.component.qualified, other.component.qualified) for mine in own for other in (of, *chosen)} - tried
                if row.fits and new and time.monotonic() < started + share:
                    yield self._trained(row, of, chosen)
                    tried |= new
                else:
                    yield Finding(_named(row), of.name, "fits" if row.fits else "misfit", row.reason)
            if pairs:
                remedy = f"'ganzoo matrix --data {of.name}' asks all"
                yield Finding(f"{len(pairs)} pairs of networks", of.name, "unasked", f"the time was up; {remedy}")

    def _ask(self, crossing: Crossing, data: ResolvedPart, pair: tuple[ResolvedPart, ResolvedPart], rows: list[Row], until: float) -> bool:
        """Add to ``rows`` what a pair of networks fits, of all in which the plugin has a part; whether there was time for all of it."""
        asked = crossing.rows(*pair, lambda chosen: any(map(self._own, (data, *chosen))))
        while time.monotonic() < until:
            if (row := next(asked, None)) is None:
                return True
            rows.append(row)
        return False

    def _pairs(self, data: ResolvedPart) -> list[tuple[ResolvedPart, ResolvedPart]]:
        """The generators and critics to be asked: where the plugin gives only networks, those pairs that hold one of them."""
        pairs = [(g, c) for g in self.parts["generator"] for c in self.parts["critic"]]
        if self._own(data) or any(self._own(part) for kind in ("loss", "schedule") for part in self.parts[kind]):
            return pairs
        return [pair for pair in pairs if any(map(self._own, pair))]

    def _chosen(self, row: Row) -> list[ResolvedPart]:
        named = {kind: {part.name: part for part in found} for kind, found in self.parts.items()}
        losses = [named["loss"][name] for name in row.losses]
        return [named["generator"][row.generator], named["critic"][row.critic], *losses, named["schedule"][row.schedule]]

    def _trained(self, row: Row, data: ResolvedPart, chosen: list[ResolvedPart]) -> Finding:
        """Build it as a run would, and take two steps."""
        generator, critic, *losses, schedule = chosen
        named = [Part(part.component.qualified) for part in (data, generator, critic)]
        entries = [Part(part.component.qualified) for part in losses]
        train = TrainConfig(steps=STEPS, batch_size=8, device="cpu", threads=1)
        config = RunConfig(data=named[0], generator=named[1], critic=named[2], loss=entries, train=train)
        optimizers = resolve_optimizers(config, self.registry)
        try:
            two_steps(config, Resolved(data, generator, critic, losses, schedule, [], [], optimizers))
        except UserError as misfit:
            return Finding(_named(row), data.name, "misfit", misfit.what)
        except GanzooError as error:
            return Finding(_named(row), data.name, "failed", f"it was found to fit, and then: {error}")
        except Exception as error:  # whatever a plugin's code raises is the finding
            return Finding(_named(row), data.name, "failed", f"it was found to fit, and then it raises {reason(error)}")
        return Finding(_named(row), data.name, "fits", TRAINED)


def _named(row: Row) -> str:
    schedule = [] if row.schedule == "alternate" else [row.schedule]
    return f"{row.generator} x {row.critic} x {' + '.join([*row.losses, *schedule])}"


def _parts(registry: Registry, kind: str) -> Iterator[ResolvedPart]:
    """The components of a kind that load, small, and that need no parameter which only its user can know."""
    for component in registry.of_kind(kind):
        candidate = Candidate(component)
        try:
            if not candidate.missing:
                small = {} if component.name in TOYS else candidate.parameters
                yield ResolvedPart(component, candidate.cls, resolve_component(component, {}).params | small)
        except UserError:  # its own examination says why
            continue


def _spec_of(part: ResolvedPart, folder: Path) -> DataSpec | None:
    """What a data set gives; None where it cannot be read on this machine: the conformance kit says why."""
    try:
        dataset = part.build()
        return describe_data(dataset, dataset.arrays(Cache(folder, reporter(quiet=True))))
    except Exception:
        return None
